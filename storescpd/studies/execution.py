"""Runs hooks: so many at once, those of one study one after another, each until it succeeds or is given up.

The ledger is the queue; in memory are numbers alone.
"""

import contextlib
import errno
import logging
import math
import os
import signal

from storescpd.studies import jobs, runner
from storescpd.studies.clock import Clock, Moment
from storescpd.studies.commands import environment, words
from storescpd.studies.jobs import Job, JobState, Kind
from storescpd.studies.lanes import Lanes
from storescpd.studies.ledger import Ledger, hooks_path
from storescpd.studies.policy import END_GRACE, FIRST_PAUSE, LONGEST_PAUSE, Command, Policies
from storescpd.studies.runner import Run
from storescpd.telemetry.events import log_event

MOST_INTERRUPTIONS = 10
"""A hook during which the machine or the daemon dies so often is what they die of."""
_ENDED_FROM_OUTSIDE = frozenset(128 + number for number in (signal.SIGINT, signal.SIGKILL, signal.SIGTERM))
"""Exit statuses of hooks that a service manager has ended."""
_NO_ROOM = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT})
"""What keeps any hook from starting is no failure of the one whose turn it was."""
DOUBT = 3.0
"""Seconds in which the order to end may come after a hook that it ended as well: a service manager signals the
processes of a unit one after another, on a busy machine as slowly as that."""
STOP_PATIENCE = 90.0
"""Seconds after SIGTERM in which no hook starts: systemd's DefaultTimeoutStopSec. Who lives longer was not meant."""
_LINGER_PAUSE = 0.5
"""Seconds between two looks whether what a killed hook had started has ended."""

logger = logging.getLogger(__name__)


class Execution:
    """All hooks of one ledger."""

    def __init__(self, ledger: Ledger, policies: Policies, concurrency: int, clock: Clock) -> None:
        self._ledger = ledger
        self._policies = policies
        self._concurrency: float = concurrency or math.inf
        self._clock = clock
        self._lanes = Lanes()
        self._read = 0
        """Number of the last hook that was taken from the ledger into the lanes."""
        self._unread = True
        """The ledger may have hooks that this keeper has not entered."""
        self._jobs: dict[int, Job] = {}
        self._orphaned: list[Run] = []
        self._doubtful: list[tuple[float, Run]] = []
        """Ended by a signal that may have been for all of us; and the monotonic time when it was for them alone."""
        self.runs: dict[int, Run] = {}
        """By the descriptor that tells their end."""
        self.finished: list[Job] = []
        """Hooks that are done or given up, for who waits for them."""
        self._spent: list[str] = []
        self._entered: list[tuple[Job, int | None]] = []
        """How hooks have ended, since the last commit."""
        self._room_at = 0.0
        """Monotonic time before which there is no room for another process."""
        self._stopping_until = 0.0
        """Monotonic time until which all processes of the daemon are being ended: no more hooks are started."""

    def load(self, now: Moment) -> None:
        """After a start: find the hooks of the keeper before, or what they have left."""
        for process in list(jobs.running(self._ledger.begin())):
            job, same_boot = process.job, process.started.boot == now.boot
            run = runner.adopt(job.id, self._status_file(job), process.pid, process.start) if same_boot else None
            if run is not None:
                log_event(logger, logging.INFO, "hook of an earlier keeper goes on", hook=job.id, process=run.pid)
                self._watch(job, run, process.started)
            else:
                left = runner.left_status(self._status_file(job)) if same_boot else None
                self._spend(job)
                # Nobody has seen it end, and it was made to: by who has ended the keeper as well.
                self._enter(job, None if left in _ENDED_FROM_OUTSIDE else left, now)
        self._spend_left()

    def _spend_left(self) -> None:
        """A keeper that was killed may have left what it had entered already."""
        folder = hooks_path(self._ledger.path)
        going_on = {str(number) for number in self._jobs}
        left = (name for name in os.listdir(folder) if name.partition(".")[0] not in going_on)
        self._spent.extend(os.path.join(folder, name) for name in left)

    def restart(self) -> None:
        """Read the queue anew: the ledger has not taken what was done last, or hooks are to be tried again."""
        self._lanes.clear()
        self._read, self._unread = 0, True

    def _status_file(self, job: Job) -> str:
        return os.path.join(hooks_path(self._ledger.path), str(job.id))

    def _watch(self, job: Job, run: Run, started: Moment) -> None:
        timeout = self._policies[job.slot].hook_timeout
        run.deadline = started.monotonic + timeout if timeout else None
        self.runs[run.fd] = run
        self._jobs[job.id] = job
        self._lanes.occupy(job.lane)

    def start(self) -> list[Run]:
        """Start processes for hooks whose turn it is; they begin with ``go`` once the ledger has been committed."""
        if self._unread or self._policies.have_hooks:
            self._read_queue()
        now = self._clock.now()
        started: list[Run] = []
        while self._may_start(now) and (number := self._lanes.take(now.monotonic)) is not None:
            run = self._begin(jobs.by_id(self._ledger.database, number), now)
            if run is not None:
                started.append(run)
        return started

    def _read_queue(self) -> None:
        for added, lane in jobs.waiting(self._ledger.database, self._read):
            self._read = added
            self._lanes.add(lane, added)
        self._unread = False

    def stop(self, now: Moment) -> None:
        """A service manager ends all of us, hooks included: what it has ended and ends now is not what failed."""
        self._stopping_until = now.monotonic + STOP_PATIENCE
        self._judge_doubtful(now, math.inf)

    def _judge_doubtful(self, now: Moment, until: float) -> None:
        for due, run in [doubtful for doubtful in self._doubtful if doubtful[0] <= until]:
            self._doubtful.remove((due, run))
            self._judge(run, now)

    def _has_place(self) -> bool:
        return len(self.runs) + len(self._orphaned) + len(self._doubtful) < self._concurrency

    def _may_start(self, now: Moment) -> bool:
        return self._has_place() and now.monotonic >= max(self._room_at, self._stopping_until)

    def _begin(self, job: Job, now: Moment) -> Run | None:
        database = self._ledger.begin()
        told, command = jobs.facts(database, job), self._command(job)
        if told is None or not command:
            jobs.ended(database, job, JobState.DONE, "no command any more", now)
            self.finished.append(job)
            self._lanes.free(job.lane)
            return None
        try:
            policy = self._policies[job.slot]
            variables = environment(told, os.environ, inherit=policy.inherit_environment)
            run = runner.spawn(
                job.id, self._status_file(job), words(command, told), variables, own_output=not policy.inherit_output
            )
        except (OSError, UnicodeError) as error:
            self._lanes.free(job.lane)
            self._not_started(job, error, now)
            return None
        jobs.started(database, job, run.pid, run.start, now)
        self._watch(job, run, now)
        log_event(logger, logging.DEBUG, "hook started", hook=job.id, kind=job.kind, process=run.pid)
        return run

    def _not_started(self, job: Job, error: OSError | UnicodeError, now: Moment) -> None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            self._room_at = now.monotonic + FIRST_PAUSE
            self._put_back(job, self._room_at)
            log_event(logger, logging.WARNING, "no room for a hook, it waits", hook=job.id, cause=str(error))
            return
        jobs.started(self._ledger.begin(), job, 0, 0, now)
        cause = f"cannot be spelled in the daemon's locale: {error}" if isinstance(error, UnicodeError) else str(error)
        self._failed(job, cause, now)

    def _command(self, job: Job) -> Command:
        policy = self._policies[job.slot]
        return policy.on_reception if job.kind is Kind.RECEPTION else policy.on_end_of_study

    def withdraw(self) -> None:
        """The ledger has not taken what was done last: what was to start ends without having begun."""
        for run in [run for run in self.runs.values() if not run.begun]:
            run.stay()
            self._forget(run)

    def resume(self, now: Moment) -> None:
        """The ledger can be written again: enter once more what it has not taken, and read the queue anew."""
        entered, self._entered = self._entered, []
        self.restart()
        for job, status in entered:
            self._enter(job, status, now)

    def _forget(self, run: Run) -> tuple[Job, int | None]:
        """Let go of a process that has ended: its hook and its exit status."""
        self.runs.pop(run.fd, None)
        job, status = self._jobs.pop(run.hook), run.result()
        self._lanes.free(job.lane)
        run.close()
        self._spend(job)
        return job, status

    def _spend(self, job: Job) -> None:
        runner.log_output(job.id, self._status_file(job))
        self._spent.append(self._status_file(job))

    def committed(self) -> None:
        """The ledger has all that happened: the statuses that hooks have left are not needed any more."""
        for path in self._spent:
            # Nobody reads what stays, on a file system that is read-only by now: numbers of hooks do not come again.
            with contextlib.suppress(OSError):
                os.unlink(path)
        self._spent.clear()
        self._entered.clear()

    def ended(self, run: Run, now: Moment) -> None:
        """The process of a hook has ended."""
        if run.orphaned:
            del self.runs[run.fd]
            self._orphaned.append(run)
        elif run.result() in _ENDED_FROM_OUTSIDE and not run.told_to_end and not self._is_stopping(now):
            del self.runs[run.fd]
            self._doubtful.append((now.monotonic + DOUBT, run))
        else:
            self._judge(run, now)

    def _is_stopping(self, now: Moment) -> bool:
        return now.monotonic < self._stopping_until

    def _judge(self, run: Run, now: Moment) -> None:
        job, status = self._forget(run)
        self._enter(job, None if self._is_stopping(now) and status in _ENDED_FROM_OUTSIDE else status, now)

    def _enter(self, job: Job, status: int | None, now: Moment) -> None:
        """Enter how a hook has ended."""
        self._entered.append((job, status))
        database = self._ledger.begin()
        if status == 0:
            jobs.ended(database, job, JobState.DONE, "", now)
            self.finished.append(job)
            log_event(logger, logging.DEBUG, "hook done", hook=job.id, kind=job.kind)
        elif status is not None:
            self._failed(job, f"exit status {status}", now)
        elif job.interruptions < MOST_INTERRUPTIONS:
            jobs.interrupted(database, job)
            self._put_back(job, now.monotonic)
            log_event(logger, logging.WARNING, "hook was interrupted and runs again", hook=job.id, kind=job.kind)
        else:
            jobs.ended(database, job, JobState.FAILED, "interrupted again and again", now)
            self.finished.append(job)

    def _failed(self, job: Job, result: str, now: Moment) -> None:
        database = self._ledger.begin()
        attempts = jobs.by_id(database, job.id).attempts
        again = attempts <= self._policies[job.slot].retries
        jobs.ended(database, job, JobState.WAITING if again else JobState.FAILED, result, now)
        message = "hook failed and will be tried again" if again else "hook failed"
        level = logging.WARNING if again else logging.ERROR
        told = {"hook": job.id, "kind": job.kind, "study": jobs.study_of(job.lane)}
        log_event(logger, level, message, **told, cause=result, attempt=attempts)
        if again:
            self._put_back(job, now.monotonic + min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE))
        else:
            self.finished.append(job)

    def _put_back(self, job: Job, due: float) -> None:
        # What has not been read from the ledger yet will be.
        if job.id <= self._read:
            self._lanes.put_back(job.lane, job.id, due)

    def keep_time(self, now: Moment) -> None:
        """End hooks that take too long; let go of killed ones once what they had started has ended."""
        for run in (*self.runs.values(), *self._orphaned):
            if run.deadline is not None and now.monotonic >= run.deadline:
                if not run.told_to_end:
                    log_event(logger, logging.ERROR, "hook takes too long and is ended", hook=run.hook, process=run.pid)
                run.end()
                run.deadline = now.monotonic + END_GRACE
        self._judge_doubtful(now, now.monotonic)
        for run in [run for run in self._orphaned if not run.orphaned]:
            self._orphaned.remove(run)
            self._enter(*self._forget(run), now)

    def next_moment(self) -> float:
        """Monotonic time of the next thing to do unasked."""
        moments = [run.deadline for run in (*self.runs.values(), *self._orphaned) if run.deadline is not None]
        moments.extend(due for due, _ in self._doubtful)
        if self._has_place():
            moments.append(max(self._lanes.next_moment(), self._room_at, self._stopping_until))
        if self._orphaned:
            moments.append(self._clock.now().monotonic + _LINGER_PAUSE)
        return min(moments, default=math.inf)
