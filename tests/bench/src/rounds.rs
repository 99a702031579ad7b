//! The contest: everybody in turn on the same tokens, in many short rounds.

use std::fmt;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// Tokens in one batch. A batch is short, 3 ms of RS256, so that what disturbs one contestant's
/// turn disturbs few of the others', and the median leaves it out.
pub(crate) const BATCH: usize = 128;

/// Verifies a batch of token strings that nobody has seen before; answers the time that it took
/// without what it had to prepare.
pub(crate) type Turn<'a> = Box<dyn FnMut(&[String]) -> Duration + 'a>;

/// Contestants who verify the same tokens.
pub(crate) struct Contest<'a> {
    title: &'static str,
    contestants: Vec<Contestant<'a>>,
}

struct Contestant<'a> {
    name: &'static str,
    turn: Turn<'a>,
    wanted: Option<Wanted>,
}

/// What a contestant should reach.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// So many times the speed of the first contestant.
    Ratio(f64),
    /// So many verifications.
    PerSecond(f64),
}

/// What a contest measured. The form is the same in every language.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    title: String,
    rows: Vec<Row>,
}

/// One contestant: the median time of one verification and, against the first contestant, the
/// median and the quartiles of the ratio of speeds, round by round.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    nanoseconds: f64,
    ratio: f64,
    low: f64,
    high: f64,
    wanted: Option<Wanted>,
}

impl<'a> Contest<'a> {
    /// The first contestant that joins is the one with whom the others are compared.
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, contestants: Vec::new() }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, turn: Turn<'a>) -> Self {
        self.contestants.push(Contestant { name, turn, wanted: None });
        self
    }

    /// What the contestant should reach that joined last.
    #[must_use]
    pub(crate) fn wanting(mut self, wanted: Option<Wanted>) -> Self {
        if let Some(last) = self.contestants.last_mut() {
            last.wanted = wanted;
        }
        self
    }

    /// One round for each batch; whoever begins a round is the last in the next one.
    pub(crate) fn run<'b>(mut self, batches: impl Iterator<Item = &'b [String]>) -> Outcome {
        let count = self.contestants.len();
        let mut rounds = Vec::new();
        for (number, batch) in batches.enumerate() {
            let mut round = vec![0.0; count];
            for place in 0..count {
                let index = (number + place) % count;
                let fresh = batch.to_vec();
                let took = (self.contestants[index].turn)(&fresh);
                round[index] = took.as_nanos() as f64 / batch.len() as f64;
            }
            rounds.push(round);
        }
        let row = |(index, contestant): (usize, Contestant<'_>)| {
            let ratios = sorted(rounds.iter().map(|round| round[0] / round[index]));
            Row {
                name: contestant.name.to_owned(),
                nanoseconds: quantile(&sorted(rounds.iter().map(|round| round[index])), 0.5),
                ratio: quantile(&ratios, 0.5),
                low: quantile(&ratios, 0.25),
                high: quantile(&ratios, 0.75),
                wanted: contestant.wanted,
            }
        };
        let rows = self.contestants.into_iter().enumerate().map(row).collect();
        Outcome { title: self.title.to_owned(), rows }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for row in &self.rows {
            let Row { name, nanoseconds, ratio, low, high, .. } = row;
            writeln!(f, "  {nanoseconds:>9.0} ns  {ratio:.3} ({low:.3} to {high:.3})  {name}")?;
        }
        Ok(())
    }
}

/// The time by the clock that `count` threads need for equal shares of the items.
pub(crate) fn threaded<T: Sync>(count: usize, items: &[T], work: impl Fn(&[T]) + Sync) -> Duration {
    let together = Barrier::new(count + 1);
    let (work, together) = (&work, &together);
    let started = thread::scope(|scope| {
        for share in items.chunks(items.len().div_ceil(count)) {
            scope.spawn(move || {
                together.wait();
                work(share);
            });
        }
        together.wait();
        Instant::now()
    });
    started.elapsed()
}

/// The time that this thread spends on `work`, of which other programs take nothing.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let started = thread_time();
    work();
    thread_time().saturating_sub(started)
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Of sorted values.
fn quantile(values: &[f64], part: f64) -> f64 {
    values[((values.len() - 1) as f64 * part).round() as usize]
}
