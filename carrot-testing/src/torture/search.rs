use std::{fmt, future::Future, panic::Location, time::Duration};

use carrot_core::ClientBuilder;

use super::{
    play::{Local, Played, Stage},
    process::Process,
    report::{TortureReport, failure},
    trace::Point,
    trouble::Trouble,
};
use crate::{Sandbox, fail, sandbox::SandboxBuilder};

/// Takes a scenario that is to run with every fault at every request: see the [module](mod@crate::torture).
///
/// The scenario is what one process does until its work is done. An error means that the process ends
/// and is started again, up to five times in a story.
#[track_caller]
pub fn torture<S, F, R, E>(scenario: F) -> Torture<S>
where
    S: Clone + Default + 'static,
    F: Fn(Process<S>) -> R + 'static,
    R: Future<Output = Result<(), E>> + 'static,
    E: fmt::Display,
{
    Torture {
        place: Location::caller(),
        pairs: false,
        only: None,
        stage: Stage {
            sandbox: Sandbox::builder(),
            client: Box::new(|builder| builder),
            set_up: Box::new(|_| Box::pin(async { S::default() })),
            scenario: Box::new(move |process| {
                let run = scenario(process);
                Box::pin(async move { run.await.map_err(|error| error.to_string()) })
            }),
            late: Duration::from_secs(5),
        },
    }
}

/// A scenario and what it starts from; made by [`torture`]. `S` is what the program stores.
#[must_use = "`check` runs it"]
pub struct Torture<S> {
    place: &'static Location<'static>,
    pairs: bool,
    only: Option<Vec<Trouble>>,
    stage: Stage<S>,
}

impl<S: Clone + 'static> Torture<S> {
    /// Sets what is done before each story, without faults: it gets the fresh sandbox, and returns what is
    /// stored at the start. `S::default()` and an empty sandbox by default.
    pub fn set_up<R: Future<Output = S> + 'static>(
        mut self,
        set_up: impl Fn(Sandbox) -> R + 'static,
    ) -> Self {
        self.stage.set_up = Box::new(move |sandbox| -> Local<S> { Box::pin(set_up(sandbox)) });
        self
    }

    /// Sets how the sandbox of each story is built. Its clock is replaced by that of the story.
    pub fn sandbox(mut self, builder: SandboxBuilder) -> Self {
        self.stage.sandbox = builder;
        self
    }

    /// Sets how the client of a process is built; that of [`Sandbox::client`] by default.
    pub fn client(mut self, build: impl Fn(ClientBuilder) -> ClientBuilder + 'static) -> Self {
        self.stage.client = Box::new(build);
        self
    }

    /// Sets how late a late request is applied; 5 s by default. A program has to wait for at least this long
    /// before it asks whether a write was applied.
    pub fn late(mut self, late: Duration) -> Self {
        self.stage.late = late;
        self
    }

    /// Also runs every story with two troubles, the second one after the first. Many: about the square of the
    /// number without.
    pub fn pairs(mut self) -> Self {
        self.pairs = true;
        self
    }

    /// Runs one story alone: the line that a failure prints.
    pub fn only(mut self, troubles: impl IntoIterator<Item = Trouble>) -> Self {
        self.only = Some(troubles.into_iter().collect());
        self
    }

    /// Runs all stories, and checks the sandbox and the store with this function after each. It asserts what must
    /// hold whatever goes wrong, such as "each order has exactly one message".
    ///
    /// # Panics
    ///
    /// In a story the check panics; or the scenario panics, fails more than five times, never ends, or waits
    /// for something other than its client and its clock. The text tells the story.
    #[track_caller]
    pub fn check(self, check: impl Fn(&Sandbox, &S)) -> TortureReport {
        let mut search = Search {
            torture: &self,
            check: &check,
            stories: 0,
        };
        if let Some(troubles) = &self.only {
            search.run(troubles);
            return search.report(Point::default());
        }
        let first = search.run(&[]);
        let singles = following(&[], &first);
        let mut played = Vec::new();
        for story in singles {
            let end = search.run(&story);
            played.push((story, end));
        }
        if self.pairs {
            for (story, end) in &played {
                for pair in following(story, end) {
                    search.run(&pair);
                }
            }
        }
        search.report(first.length)
    }
}

/// The stories that go on as this one and have one trouble more, after its last one.
fn following(story: &[Trouble], played: &Played) -> Vec<Vec<Trouble>> {
    let Played { length, last, .. } = played;
    let with = |trouble| story.iter().copied().chain([trouble]).collect();
    let requests = (last.requests + 1)..=length.requests;
    let faults = requests.flat_map(|at| Trouble::AT_REQUEST.map(|trouble| trouble(at)));
    let kills = ((last.awaits + 1)..=length.awaits).map(Trouble::Killed);
    faults.chain(kills).map(with).collect()
}

struct Search<'a, S> {
    torture: &'a Torture<S>,
    check: &'a dyn Fn(&Sandbox, &S),
    stories: u64,
}

impl<S: Clone + 'static> Search<'_, S> {
    #[track_caller]
    fn run(&mut self, troubles: &[Trouble]) -> Played {
        let played = self.torture.stage.play(troubles, self.check);
        if played.problem.is_some() {
            fail(&failure(
                self.torture.place,
                troubles,
                &played,
                self.stories,
            ));
        }
        self.stories += 1;
        played
    }

    fn report(&self, length: Point) -> TortureReport {
        TortureReport {
            requests: length.requests,
            awaits: length.awaits,
            stories: self.stories,
        }
    }
}

impl<S> fmt::Debug for Torture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Torture")
            .field("place", &self.place)
            .field("pairs", &self.pairs)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}
