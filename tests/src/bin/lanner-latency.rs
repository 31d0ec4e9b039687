//! Prints how long it takes from a call to the alert about it: `lanner-latency PROGRAM [SAMPLES]`, as root. The program runs with
//! all default rules, alerts are JSON on its standard output.

use std::process::ExitCode;

use lanner_tests::live::{Agent, can_watch, default_rules, latencies};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(program), samples) = (args.next(), args.next().map_or(Ok(1000), |n| n.parse::<u32>())) else {
        eprintln!("usage: lanner-latency PROGRAM [SAMPLES]");
        return ExitCode::from(2);
    };
    let Ok(samples @ 1..) = samples else {
        eprintln!("SAMPLES is not a number above 0");
        return ExitCode::from(2);
    };
    if !can_watch() {
        return ExitCode::FAILURE;
    }
    let mut agent = Agent::start(&program, &[default_rules()], &[]);
    let times = latencies(&mut agent, samples);
    let (_, _) = agent.stop();
    println!("| call to alert, {samples} samples | ms |");
    println!("|--|--:|");
    for (name, share) in
        [("fastest", 0.0), ("half", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("99.9 %", 0.999), ("slowest", 1.0)]
    {
        let at = (f64::from(samples - 1) * share) as usize;
        println!("| {name} | {:.2} |", times[at].as_secs_f64() * 1e3);
    }
    ExitCode::SUCCESS
}
