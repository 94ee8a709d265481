// SPDX-License-Identifier: BSL-1.0
//! usage: tokio-postgres-runner URI reads SECONDS
//!
//! Point selects of many tasks, pipelined on four connections, through tokio-postgres: a prepared statement for each
//! connection, one thread. Prints a line of JSON as every runner beside it does.

mod window;

use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet};
use tokio_postgres::{Client, NoTls, Statement};
use window::{Figures, Window};

const CONNECTIONS: usize = 4;
const IN_FLIGHT: usize = 16; // on each of them
const KEYS: i64 = 10_000;
const SQL: &str = "select id, cents from pg_workloads_accounts where id = $1";

type Failure = Box<dyn Error>;

struct Reader {
    client: Client,
    statement: Statement,
}

async fn connect(uri: &str) -> Result<Reader, Failure> {
    let (client, connection) = tokio_postgres::connect(uri, NoTls).await?;
    tokio::task::spawn_local(async move {
        if let Err(why) = connection.await {
            eprintln!("tokio-postgres runner: {why}");
        }
    });
    let statement = client.prepare(SQL).await?;
    Ok(Reader { client, statement })
}

/// One row; gives what it holds.
async fn read(from: &Reader, key: i64) -> Result<i64, Failure> {
    let row = from.client.query_one(&from.statement, &[&key]).await?;
    let (id, cents): (i64, i64) = (row.get(0), row.get(1));
    if id != key {
        return Err("another's answer".into());
    }
    Ok(cents)
}

async fn keep_reading(from: Rc<Reader>, first: usize, window: Rc<Window>) -> Result<(), Failure> {
    let mut key = first as i64;
    while !window.closed() {
        key = (key + (CONNECTIONS * IN_FLIGHT) as i64) % KEYS;
        read(&from, key).await?;
        window.count(1);
    }
    Ok(())
}

/// Over all rows, in their order, as checksum.hpp does it.
async fn checksum(from: &Reader) -> Result<u64, Failure> {
    let mut sum = 0u64;
    for key in 0..KEYS {
        sum = sum.wrapping_mul(31).wrapping_add(key as u64);
        sum = sum.wrapping_mul(31).wrapping_add(read(from, key).await? as u64);
    }
    Ok(sum)
}

async fn measure(uri: &str, seconds: f64) -> Result<(Figures, u64), Failure> {
    let mut readers = Vec::new();
    for _ in 0..CONNECTIONS {
        readers.push(Rc::new(connect(uri).await?));
    }
    let window = Rc::new(Window::default());
    let mut all = JoinSet::new();
    for i in 0..CONNECTIONS * IN_FLIGHT {
        all.spawn_local(keep_reading(readers[i % CONNECTIONS].clone(), i, window.clone()));
    }
    tokio::time::sleep(Duration::from_secs_f64((seconds / 4.0).max(0.2))).await;
    let opened = window.now();
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    let measured = window.now().since(&opened);
    window.close();
    while let Some(ended) = all.join_next().await {
        ended??;
    }
    Ok((measured, checksum(&readers[0]).await?))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [uri, workload, seconds] = arguments.as_slice() else {
        return Err("usage: tokio-postgres-runner URI reads SECONDS".into());
    };
    if workload != "reads" {
        return Err(format!("no workload is called {workload}").into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (m, sum) = runtime.block_on(LocalSet::new().run_until(measure(uri, seconds.parse()?)))?;
    println!(
        r#"{{"client": "tokio-postgres {}", "queries": {}, "rows": {}, "seconds": {}, "cpu_us": {}, "checksum": "{:016x}"}}"#,
        env!("CARGO_PKG_VERSION"), m.queries, m.rows, m.seconds, m.cpu_us, sum
    );
    Ok(())
}
