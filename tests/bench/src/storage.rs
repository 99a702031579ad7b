//! The contests of storage: small calls, by the clock and in one thread.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::runtime::{Builder, Runtime};

use crate::Result;
use crate::rounds::{Contest, Outcome, Turn};
use crate::stores::Files;

/// The calls of one turn.
const BATCH: usize = 16;
const ROUNDS: usize = 150;
const SMALL: usize = 4096;

/// A call of the store that casier-local is, told by the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Put,
    Get,
    Head,
    List,
}

impl Call {
    const ALL: [Self; 4] = [Self::Put, Self::Get, Self::Head, Self::List];

    fn title(self) -> &'static str {
        match self {
            Self::Put => "put 4 KB",
            Self::Get => "get 4 KB",
            Self::Head => "head",
            Self::List => "list 16",
        }
    }

    async fn run(self, store: &Files, name: &str, body: &Bytes) -> Result<()> {
        match self {
            Self::Put => store.put(name, body).await,
            Self::Get => store.get(name).await.map(drop),
            Self::Head => store.head(name).await.map(drop),
            Self::List => store.list().await.map(drop),
        }
    }
}

pub(crate) fn small_calls() -> Result<Vec<Outcome>> {
    let names: Vec<String> = (0..BATCH).map(|number| format!("file-{number}.txt")).collect();
    let contest = |call: Call| -> Result<Outcome> {
        let contest = Contest::new(call.title())
            .with("object_store 0.14.2", turn(call, Files::object_store()?, &names)?)
            .with("Casier", turn(call, Files::casier()?, &names)?)
            .with("aws-sdk-s3", turn(call, Files::sdk()?, &names)?);
        Ok(contest.run(std::iter::repeat_n(&names[..], ROUNDS)))
    };
    Call::ALL.into_iter().map(contest).collect()
}

/// One contestant alone, for a profiler.
pub(crate) fn profile(call: &str, store: &str) -> Result<()> {
    let call = Call::ALL.into_iter().find(|one| one.title().starts_with(call));
    let store = match store {
        "casier" => Files::casier(),
        "object_store" => Files::object_store(),
        _ => Files::sdk(),
    }?;
    let names: Vec<String> = (0..BATCH).map(|number| format!("file-{number}.txt")).collect();
    let mut turn = turn(call.ok_or("there is no such call")?, store, &names)?;
    let took: Duration = (0..300).map(|_| turn(&names)).sum();
    println!("{:?}", took / (300 * BATCH) as u32);
    Ok(())
}

/// On a runtime of the turn's own, whose one thread does all the work. The first calls, which
/// connect, are not counted.
fn turn<'a>(call: Call, store: Files, names: &[String]) -> Result<Turn<'a>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let body = Bytes::from(vec![b'a'; SMALL]);
    let batch = move |runtime: &Runtime, call: Call, names: &[String]| -> Result<()> {
        runtime.block_on(async {
            for name in names {
                call.run(&store, name, &body).await?;
            }
            Ok(())
        })
    };
    batch(&runtime, Call::Put, names)?;
    batch(&runtime, call, names)?;
    Ok(Box::new(move |names| {
        let started = Instant::now();
        let done = batch(&runtime, call, names);
        let took = started.elapsed();
        assert!(done.is_ok(), "the call is answered: {done:?}");
        took
    }))
}
