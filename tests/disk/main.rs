//! The files that state is kept in, on a simulated disk: what comes back after every crash, every failure and every
//! change behind our back is what was written, or is refused.
//!
//! `RULEC_SEED=17` runs one seed of the random runs, `RULEC_ROUNDS=5000` more than the default. A failure prints its seed.

mod behaviour;
mod crash;
mod damage;
mod failure;
mod harness;
#[path = "../support/random.rs"]
mod random;
mod real;
#[path = "../support/sim_disk.rs"]
mod sim_disk;
