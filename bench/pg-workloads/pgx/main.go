// SPDX-License-Identifier: BSL-1.0

// usage: runner URI WORKLOAD SECONDS
//
// One workload on ten connections, one query in flight on each, through pgx: statements that it prepares and caches by
// itself, binary results. Prints a line of JSON as every runner beside it does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5"
)

const connections = 10

func run(uri, name string, seconds float64) error {
	work, known := workloads[name]
	if !known {
		return fmt.Errorf("no workload is called %s", name)
	}
	ctx := context.Background()
	var w window
	answers := make([]answer, connections)
	failures := make([]error, connections)
	var all sync.WaitGroup
	for i := range connections {
		db, err := pgx.Connect(ctx, uri)
		if err != nil {
			return err
		}
		defer db.Close(ctx)
		all.Go(func() { answers[i], failures[i] = keepAsking(ctx, work, db, &w.counters[i], &w) })
	}
	measured := w.time(seconds)
	all.Wait()
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return report(measured, answers)
}

func keepAsking(ctx context.Context, work workload, db *pgx.Conn, count *counter, w *window) (answer, error) {
	var last answer
	for !w.closed.Load() {
		var err error
		if last, err = work(ctx, db); err != nil {
			return nil, err
		}
		count.add(last.rows())
	}
	return last, nil
}

func report(measured figures, answers []answer) error {
	sum := checksumOf(answers[0])
	for _, each := range answers {
		if checksumOf(each) != sum {
			return fmt.Errorf("the connections' answers differ")
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"client":   fmt.Sprintf("pgx %s, %s", pgxVersion(), runtime.Version()),
		"queries":  measured.queries,
		"rows":     measured.rows,
		"seconds":  measured.seconds,
		"cpu_us":   measured.cpuMicroseconds,
		"checksum": fmt.Sprintf("%016x", sum),
	})
}

func pgxVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, each := range info.Deps {
			if each.Path == "github.com/jackc/pgx/v5" {
				return each.Version
			}
		}
	}
	return "unknown"
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: runner URI WORKLOAD SECONDS")
		os.Exit(2)
	}
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	if err == nil {
		err = run(os.Args[1], os.Args[2], seconds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgx runner:", err)
		os.Exit(1)
	}
}
