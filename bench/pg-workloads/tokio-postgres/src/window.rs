// SPDX-License-Identifier: BSL-1.0
//! Counts from the start on, so that the measured part begins and ends while everybody is at work.

use std::cell::Cell;
use std::time::Instant;

/// What was done, and what it took this process, between two moments.
pub struct Figures {
    pub queries: u64,
    pub rows: u64,
    pub seconds: f64,
    pub cpu_us: f64, // user and kernel mode, all threads
}

impl Figures {
    pub fn since(&self, before: &Figures) -> Figures {
        Figures {
            queries: self.queries - before.queries,
            rows: self.rows - before.rows,
            seconds: self.seconds - before.seconds,
            cpu_us: self.cpu_us - before.cpu_us,
        }
    }
}

pub struct Window {
    start: Instant,
    queries: Cell<u64>,
    rows: Cell<u64>,
    closed: Cell<bool>,
}

impl Default for Window {
    fn default() -> Window {
        Window { start: Instant::now(), queries: Cell::new(0), rows: Cell::new(0), closed: Cell::new(false) }
    }
}

impl Window {
    pub fn count(&self, rows: u64) {
        self.queries.set(self.queries.get() + 1);
        self.rows.set(self.rows.get() + rows);
    }

    pub fn closed(&self) -> bool {
        self.closed.get()
    }

    /// Nobody begins another query.
    pub fn close(&self) {
        self.closed.set(true);
    }

    pub fn now(&self) -> Figures {
        let mut used = unsafe { std::mem::zeroed::<libc::rusage>() };
        unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut used) };
        Figures {
            queries: self.queries.get(),
            rows: self.rows.get(),
            seconds: self.start.elapsed().as_secs_f64(),
            cpu_us: microseconds(used.ru_utime) + microseconds(used.ru_stime),
        }
    }
}

fn microseconds(t: libc::timeval) -> f64 {
    t.tv_sec as f64 * 1e6 + t.tv_usec as f64
}
