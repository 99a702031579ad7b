//! Random sequences of operations by several users, against a map in memory.
//!
//! `CASIER_MODEL_CASES` says how many sequences, `CASIER_MODEL_SEED` from which seed (each run
//! prints its own). A sequence that failed is shrunk and kept in `core/proptest-regressions`,
//! from where it is tried first from then on.

mod files;
mod managing;
mod step;
mod trespass;
mod world;

use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestError, TestRng, TestRunner,
};

use self::world::World;
use super::bench::Bench;

const CASES: u32 = 24;
const STEPS: std::ops::Range<usize> = 1..40;
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/storage/model.txt");

#[test]
fn random_operations_do_what_the_model_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let bench = runtime.block_on(Bench::new());
    let seed = from_environment("CASIER_MODEL_SEED").unwrap_or_else(random_seed);
    println!("CASIER_MODEL_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: from_environment("CASIER_MODEL_CASES").unwrap_or(CASES),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(KEPT))),
        source_file: Some(file!()),
        max_shrink_iters: 500,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let outcome = TestRunner::new_with_rng(config, rng).run(&step::steps(STEPS), |steps| {
        runtime.block_on(async {
            let mut world = World::new(&bench);
            let outcome = world.run(&steps).await;
            world.clean_up().await;
            outcome
        })
    });
    runtime.block_on(bench.clean_up());
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, steps)) => panic!("{why}\nafter {steps:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

fn random_seed() -> u64 {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}
