// SPDX-License-Identifier: BSL-1.0

package main

import (
	"sync/atomic"
	"syscall"
	"time"
)

// What was done, and what it took this process, between two moments.
type figures struct {
	queries         int64
	rows            int64
	seconds         float64
	cpuMicroseconds float64 // user and kernel mode, all threads
}

// One for each connection, on cache lines of its own.
type counter struct {
	queries atomic.Int64
	rows    atomic.Int64
	_       [112]byte
}

func (c *counter) add(rows int) {
	c.queries.Add(1)
	c.rows.Add(int64(rows))
}

// Counts from the start on, so that the measured part begins and ends while everybody is at work.
type window struct {
	counters [connections]counter
	closed   atomic.Bool
}

func (w *window) time(seconds float64) figures {
	time.Sleep(time.Duration(max(seconds/4, 0.2) * float64(time.Second)))
	opened := w.now()
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	end := w.now()
	w.closed.Store(true)
	return figures{
		queries:         end.queries - opened.queries,
		rows:            end.rows - opened.rows,
		seconds:         end.seconds - opened.seconds,
		cpuMicroseconds: end.cpuMicroseconds - opened.cpuMicroseconds,
	}
}

var start = time.Now()

func (w *window) now() figures {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	f := figures{
		seconds:         time.Since(start).Seconds(),
		cpuMicroseconds: microseconds(used.Utime) + microseconds(used.Stime),
	}
	for i := range w.counters {
		f.queries += w.counters[i].queries.Load()
		f.rows += w.counters[i].rows.Load()
	}
	return f
}

func microseconds(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
