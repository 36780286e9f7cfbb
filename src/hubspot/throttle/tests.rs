//! Throttles against a model of HubSpot's limit, in virtual time: no sockets, and minutes pass in moments.
//!
//! The model counts a request when it arrives, refuses it if its rolling window is full, and says in its headers what is
//! left. Latency is drawn evenly, up to 15 % around its mean, on the way out and on the way back. As many workers as the
//! throttle allows ask as fast as they may.

use std::{
    collections::VecDeque,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::prelude::*;
use tokio::{
    task::JoinSet,
    time::{Instant, advance, sleep, sleep_until},
};

use super::{
    DailyReserve, Limits, RateLimit, Throttle,
    window::{Decision, Window},
};

const WINDOW: Duration = Duration::from_secs(10);
const JITTER: f64 = 0.15;

#[derive(Debug, Default)]
struct Server {
    limit: u32,
    counted: VecDeque<Instant>,
    accepted: Vec<Instant>,
    refused: Vec<Instant>,
}

impl Server {
    fn arrive(&mut self) -> (bool, RateLimit) {
        let now = Instant::now();
        while self.counted.front().is_some_and(|at| *at + WINDOW <= now) {
            self.counted.pop_front();
        }
        let used = u32::try_from(self.counted.len()).unwrap();
        let fits = used < self.limit;
        if fits {
            self.counted.push_back(now);
            self.accepted.push(now);
        } else {
            self.refused.push(now);
        }
        (fits, said(self.limit, self.limit - used - u32::from(fits)))
    }
}

fn said(max: u32, remaining: u32) -> RateLimit {
    RateLimit { max: Some(max), remaining: Some(remaining), interval: Some(WINDOW), ..RateLimit::default() }
}

async fn request(
    throttle: &Throttle,
    server: &Mutex<Server>,
    random: &mut fastrand::Rng,
    latency: Duration,
) -> bool {
    let mut way = || latency.mul_f64(0.5 * (1.0 + JITTER * (2.0 * random.f64() - 1.0)));
    let (out, back) = (way(), way());
    let grant = throttle.acquire().await.unwrap();
    sleep(out).await;
    let (fits, limit) = server.lock().unwrap().arrive();
    sleep(back).await;
    throttle.answered(grant, &limit);
    if !fits {
        throttle.exceeded();
        throttle.pause(WINDOW);
    }
    fits
}

async fn work(
    throttle: Arc<Throttle>,
    server: Arc<Mutex<Server>>,
    mut random: fastrand::Rng,
    latency: Duration,
) {
    loop {
        request(&throttle, &server, &mut random, latency).await;
    }
}

/// What ten windows showed.
#[derive(Debug)]
struct Seen {
    /// The share of the allowed requests that was used, from the second window of the last process on.
    used: f64,
    /// Refused requests as a share of the allowed ones, from the start of the last process on.
    refused: f64,
}

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

/// Runs a process from each of these moments on.
fn simulate(limit: u32, latency: Duration, seed: u64, starts: &[Duration]) -> Seen {
    in_virtual_time(async {
        let mut random = fastrand::Rng::with_seed(seed);
        let server = Arc::new(Mutex::new(Server { limit, ..Server::default() }));
        let begin = Instant::now();
        let mut tasks = JoinSet::new();
        let mut last_start = begin;
        for start in starts {
            sleep_until(begin + *start).await;
            let throttle = Arc::new(Throttle::new());
            // The first call of a process, which has to succeed before others are made.
            while !request(&throttle, &server, &mut random, latency).await {}
            last_start = Instant::now();
            for _ in 0..throttle.concurrency() {
                tasks.spawn(work(Arc::clone(&throttle), Arc::clone(&server), random.fork(), latency));
            }
        }
        let end = last_start + WINDOW * 11;
        sleep_until(end).await;
        let server = server.lock().unwrap();
        let share = |times: &[Instant], from: Instant| {
            let count = times.iter().filter(|at| **at > from && **at <= end).count();
            f64::from(u32::try_from(count).unwrap()) / f64::from(limit * 10)
        };
        Seen {
            used: share(&server.accepted, last_start + WINDOW),
            refused: share(&server.refused, last_start),
        }
    })
}

/// Beside somebody who calls now and then: the shares of the allowed requests that were used, and that were refused.
fn simulate_beside(limit: u32, latency: Duration, calls_per_window: f64) -> (f64, f64) {
    const WINDOWS: u32 = 40;
    in_virtual_time(async {
        let mut random = fastrand::Rng::with_seed(0);
        let server = Arc::new(Mutex::new(Server { limit, ..Server::default() }));
        let mut tasks = JoinSet::new();
        tasks.spawn(call_now_and_then(Arc::clone(&server), random.fork(), calls_per_window));
        let throttle = Arc::new(Throttle::new());
        while !request(&throttle, &server, &mut random, latency).await {}
        for _ in 0..throttle.concurrency() {
            tasks.spawn(work(Arc::clone(&throttle), Arc::clone(&server), random.fork(), latency));
        }
        sleep_until(Instant::now() + WINDOW * WINDOWS).await;
        let server = server.lock().unwrap();
        let share =
            |times: &[Instant]| f64::from(u32::try_from(times.len()).unwrap()) / f64::from(limit * WINDOWS);
        (share(&server.accepted), share(&server.refused))
    })
}

/// Every limit with every latency, with a few seeds.
#[expect(clippy::print_stdout, reason = "the figures of docs/MEASUREMENTS.md")]
fn in_all_cases(starts: &[Duration], hold: impl Fn(&Seen) -> bool) {
    for limit in [100, 190, 250] {
        for milliseconds in [50, 300, 1_500] {
            let (mut used, mut refused) = (f64::INFINITY, 0.0_f64);
            for seed in 0..2 {
                let seen = simulate(limit, Duration::from_millis(milliseconds), seed, starts);
                assert!(hold(&seen), "limit {limit}, latency {milliseconds} ms, seed {seed}: {seen:?}");
                (used, refused) = (used.min(seen.used), refused.max(seen.refused));
            }
            let (used, refused) = (used * 100.0, refused * 100.0);
            println!(
                "from {starts:?}, limit {limit}, {milliseconds} ms: used {used:.1} %, refused {refused:.2} %"
            );
        }
    }
}

#[test]
fn alone_it_uses_the_limit_and_is_never_refused() {
    in_all_cases(&[Duration::ZERO], |seen| seen.used >= 0.97 && seen.refused == 0.0);
}

#[test]
fn two_that_start_together_share_the_limit() {
    in_all_cases(&[Duration::ZERO; 2], |seen| seen.used >= 0.85 && seen.refused < 0.01);
}

#[test]
fn one_that_comes_later_gets_its_share() {
    let starts = [Duration::ZERO, Duration::from_secs(3)];
    in_all_cases(&starts, |seen| seen.used >= 0.85 && seen.refused < 0.01);
    let starts = [Duration::ZERO, Duration::from_secs(47)];
    in_all_cases(&starts, |seen| seen.used >= 0.85 && seen.refused < 0.01);
}

/// Somebody who makes so many calls in a window, whatever HubSpot says to them.
async fn call_now_and_then(server: Arc<Mutex<Server>>, mut random: fastrand::Rng, calls_per_window: f64) {
    loop {
        sleep(WINDOW.mul_f64(-(1.0 - random.f64()).ln() / calls_per_window)).await;
        server.lock().unwrap().arrive();
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures of docs/MEASUREMENTS.md")]
fn others_who_call_now_and_then_cost_few_pauses() {
    for limit in [100, 250] {
        for milliseconds in [50, 1_500] {
            for calls_per_window in [0.5, 2.0] {
                let latency = Duration::from_millis(milliseconds);
                let (used, refused) = simulate_beside(limit, latency, calls_per_window);
                let case = format!("limit {limit}, {milliseconds} ms, {calls_per_window} calls per window");
                println!("{case}: used {:.1} %, refused {:.2} %", used * 100.0, refused * 100.0);
                assert!(used >= 0.85 && refused < 0.003, "{case}: used {used}, refused {refused}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_two_percent_of_the_day_are_left_to_others() {
    let throttle = Throttle::new();
    let daily = |left| RateLimit { daily: Some(1_000), daily_remaining: Some(left), ..said(100, 99) };
    let grant = throttle.acquire().await.unwrap();
    throttle.answered(grant, &daily(20));
    assert!(throttle.acquire().await.is_ok());
    assert_eq!(throttle.daily(), Some((1_000, 20)));
    throttle.answered(grant, &daily(19));
    assert_eq!(throttle.acquire().await, Err(DailyReserve));
}

/// A throttle of two requests a window, both of which have gone.
async fn used_up_for_now() -> Throttle {
    let throttle = Throttle::new();
    let grant = throttle.acquire().await.unwrap();
    throttle.answered(grant, &said(2, 1));
    throttle.acquire().await.unwrap();
    throttle
}

#[tokio::test(start_paused = true)]
async fn nobody_is_let_go_once_the_day_is_used_up_not_even_who_waits_already() {
    let begin = Instant::now();
    let throttle = Arc::new(used_up_for_now().await);
    let mut waiting = JoinSet::new();
    for _ in 0..3 {
        let throttle = Arc::clone(&throttle);
        waiting.spawn(async move { throttle.acquire().await });
    }
    sleep(Duration::from_millis(1)).await;
    throttle.use_up_day();
    while let Some(ended) = waiting.join_next().await {
        assert_eq!(ended.unwrap(), Err(DailyReserve));
    }
    assert!(begin.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_pause_reaches_those_who_wait_already() {
    let begin = Instant::now();
    let throttle = Arc::new(used_up_for_now().await);
    let mut waiting = JoinSet::new();
    waiting.spawn({
        let throttle = Arc::clone(&throttle);
        async move { throttle.acquire().await.map(|_| Instant::now()) }
    });
    sleep(Duration::from_secs(5)).await;
    throttle.pause(Duration::from_secs(20));
    // A shorter pause does not end a longer one.
    throttle.pause(Duration::from_secs(1));
    let let_go = waiting.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!(let_go - begin, Duration::from_secs(25));
    assert!(throttle.waited() >= Duration::from_secs(25));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_waiting_takes_no_slot() {
    let throttle = used_up_for_now().await;
    for _ in 0..5 {
        assert!(tokio::time::timeout(Duration::from_millis(1), throttle.acquire()).await.is_err());
    }
    advance(WINDOW * 2).await;
    let begin = Instant::now();
    throttle.acquire().await.unwrap();
    throttle.acquire().await.unwrap();
    assert!(begin.elapsed() < WINDOW);
}

#[tokio::test(start_paused = true)]
async fn limits_are_learned_and_set_how_many_requests_are_worth_it() {
    let throttle = Throttle::new();
    assert_eq!(throttle.concurrency(), 20);
    let grant = throttle.acquire().await.unwrap();
    for (max, concurrency) in [(190, 38), (250, 50), (5, 4), (1_000, 64)] {
        throttle.answered(grant, &said(max, max - 1));
        assert_eq!(throttle.concurrency(), concurrency);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_spent_before_the_start_is_not_spent_again() {
    let throttle = Throttle::new();
    let grant = throttle.acquire().await.unwrap();
    throttle.answered(grant, &said(100, 4));
    let begin = Instant::now();
    for _ in 0..5 {
        throttle.acquire().await.unwrap();
    }
    assert!(begin.elapsed() >= Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn waiting_is_counted_once_however_many_wait() {
    let throttle = Arc::new(Throttle::new());
    let begin = Instant::now();
    let grant = throttle.acquire().await.unwrap();
    throttle.answered(grant, &said(100, 99));
    assert_eq!(throttle.waited(), Duration::ZERO);
    throttle.pause(Duration::from_secs(7));
    let mut waiting = JoinSet::new();
    for _ in 0..5 {
        let throttle = Arc::clone(&throttle);
        waiting.spawn(async move { throttle.acquire().await.is_ok() });
    }
    while waiting.join_next().await.is_some() {}
    assert_eq!(begin.elapsed(), Duration::from_secs(7));
    assert_eq!(throttle.waited(), Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_shrinks_is_kept_from_the_answer_on_that_says_so() {
    let throttle = Throttle::new();
    let grant = throttle.acquire().await.unwrap();
    throttle.answered(grant, &said(100, 99));
    for _ in 0..15 {
        throttle.acquire().await.unwrap();
    }
    let begin = Instant::now();
    throttle.answered(grant, &said(10, 0));
    // Sixteen are in the window: seven have to come back before the next one goes.
    throttle.acquire().await.unwrap();
    assert!(begin.elapsed() >= WINDOW, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn answers_that_say_nothing_of_limits_leave_the_lowest_tier() {
    let throttle = Throttle::new();
    let grant = throttle.acquire().await.unwrap();
    throttle.answered(grant, &RateLimit::default());
    let begin = Instant::now();
    for _ in 1..300 {
        let grant = throttle.acquire().await.unwrap();
        throttle.answered(grant, &RateLimit::default());
    }
    let elapsed = begin.elapsed();
    assert!(elapsed > WINDOW * 2 && elapsed < WINDOW * 3, "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_long_ago_tells_nothing_of_others() {
    let throttle = Throttle::new();
    let first = throttle.acquire().await.unwrap();
    throttle.answered(first, &said(100, 99));
    let late = throttle.acquire().await.unwrap();
    sleep(WINDOW * 6).await;
    throttle.answered(late, &said(100, 5));
    let begin = Instant::now();
    for _ in 0..100 {
        throttle.acquire().await.unwrap();
    }
    assert!(begin.elapsed() < WINDOW, "{:?}", begin.elapsed());
}

/// Requests that come too fast may be counted too, though they were refused.
#[tokio::test(start_paused = true)]
async fn a_limit_that_counts_refused_requests_is_got_out_of() {
    let throttle = Throttle::new();
    let begin = Instant::now();
    let mut counted: VecDeque<Instant> = VecDeque::new();
    let mut accepted = 0_u32;
    // Somebody else has used the window up.
    counted.extend([begin; 100]);
    while begin.elapsed() < WINDOW * 12 {
        let grant = throttle.acquire().await.unwrap();
        counted.retain(|at| at.elapsed() < WINDOW);
        counted.push_back(Instant::now());
        let fits = counted.len() <= 100;
        let left = 100_usize.saturating_sub(counted.len());
        throttle.answered(grant, &said(100, u32::try_from(left).unwrap()));
        accepted += u32::from(fits);
        if !fits {
            throttle.exceeded();
            throttle.pause(WINDOW);
        }
    }
    assert!(accepted > 800, "{accepted}");
}

/// What may happen to a window.
#[derive(Debug, Clone)]
enum Event {
    Pass(u64),
    Ask,
    Answer,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![(0..3_000_u64).prop_map(Event::Pass), Just(Event::Ask), Just(Event::Ask), Just(Event::Answer)]
}

proptest! {
    #[test]
    fn no_rolling_window_holds_more_grants_than_the_limit(limit in 1..30_u32, events in prop::collection::vec(event(), 0..600)) {
        in_virtual_time(async {
            let mut window = Window::new(Limits::LOWEST_TIER.learn(&said(limit, limit)));
            let mut now = Instant::now();
            let mut grants = Vec::new();
            let mut open = VecDeque::new();
            for event in events {
                match event {
                    Event::Pass(milliseconds) => now += Duration::from_millis(milliseconds),
                    Event::Ask => match window.try_grant(now) {
                        Decision::Granted(grant) => {
                            grants.push(now);
                            open.push_back(grant);
                        }
                        Decision::WaitUntil(until) => assert!(until > now),
                        Decision::DailyReserve => panic!("nothing was said of the day"),
                    },
                    Event::Answer => {
                        let used = grants.iter().filter(|at| **at + WINDOW > now).count();
                        let left = limit.saturating_sub(u32::try_from(used).unwrap());
                        if let Some(grant) = open.pop_front() {
                            window.answered(now, grant, &said(limit, left));
                        }
                    }
                }
            }
            for (index, at) in grants.iter().enumerate() {
                let within = grants[index..].iter().take_while(|later| **later - *at < WINDOW).count();
                assert!(within <= limit as usize, "{within} grants in a window");
            }
        });
    }
}
