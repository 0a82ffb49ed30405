"""What is done about an episode that has ended: hooks of its objects first, then renaming, then its own hook."""

import logging

from storescpd.studies import episodes, jobs, renaming
from storescpd.studies.clock import Moment
from storescpd.studies.course import Course
from storescpd.studies.episodes import Episode, State, Step
from storescpd.studies.ledger import Ledger
from storescpd.studies.policy import Policies
from storescpd.studies.renaming import Renaming
from storescpd.telemetry.events import log_event

logger = logging.getLogger(__name__)


class Ending:
    """Moves ending episodes on, as far as they can go now."""

    def __init__(self, ledger: Ledger, course: Course, policies: Policies) -> None:
        self._ledger = ledger
        self._course = course
        self._policies = policies
        self._renamings: dict[int, Renaming] = {}
        self._steps = {
            State.WAITING: self._settle,
            State.RENAMING: self._rename,
            State.REPORTING: self._report,
        }

    def forget(self) -> None:
        """The ledger has not taken what was done last: plans are gone through again as it has them."""
        self._renamings.clear()

    def go_on(self, now: Moment) -> None:
        """One step for each episode about which something has happened."""
        for episode in self._course.take_stirred():
            self._steps[episode.state](episode, now)

    @property
    def hurries(self) -> bool:
        """Whether there is a step to take at once."""
        return bool(self._course.stirred)

    def _settle(self, episode: Episode, now: Moment) -> None:
        """Wait for objects under way and for their hooks; then plan."""
        database = self._ledger.database
        associations = self._course.associations
        if associations.leases(episode.id) or (episode.ended_by and associations.stores(episode.ended_by)):
            return
        if jobs.unfinished_receptions(database, episode.id):
            return
        if episode.ended_by and jobs.unfinished_of(database, episode.ended_by):
            return
        database = self._ledger.begin()
        if not episodes.count(database, episode.id):
            self._course.remove(episode)
            return
        if self._policies[episode.slot].rename:
            if not self._course.close(episode):
                return
            try:
                renaming.plan(database, episode)
            except OSError as error:
                _warn(episode, error)
        self._course.step(episode, Step.SETTLED, now)

    def _rename(self, episode: Episode, now: Moment) -> None:
        """The plan has been committed: a slice of it, or what comes after the last one."""
        durable = self._policies[episode.slot].durable
        work = self._renamings.get(episode.id) or Renaming(self._ledger.database, episode, durable=durable)
        try:
            if work.go_on(self._ledger.begin()):
                self._renamings[episode.id] = work
                self._course.stirred.add(episode.id)
                return
        except OSError as error:
            _warn(episode, error)
        self._renamings.pop(episode.id, None)
        self._course.reopen(episode)
        database = self._ledger.begin()
        if work.count:
            log_event(logger, logging.INFO, "files renamed", directory=episode.shown, count=work.count)
        if self._policies[episode.slot].on_end_of_study:
            jobs.add_end(database, episode, now)
        self._course.step(episode, Step.RENAMED, now)

    def _report(self, episode: Episode, now: Moment) -> None:
        if jobs.unfinished_end(self._ledger.database, episode.id):
            return
        self._course.step(episode, Step.REPORTED, now)
        log_event(logger, logging.INFO, "study ended", study=episode.key.study, directory=episode.shown)


def _warn(episode: Episode, error: OSError) -> None:
    """The files keep their names; the study goes on (storescp facts 2.10)."""
    cause = error.strerror or str(error)
    log_event(logger, logging.WARNING, "cannot rename", directory=episode.shown, cause=cause)
