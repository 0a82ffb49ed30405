"""The course of studies: which episode an object belongs to, and when an episode ends (storescp facts 3.2, 3.3).

Nothing here waits or does anything to a file. Everything happens inside the ledger's transaction of the moment; when
that cannot be committed, ``load`` brings back what the ledger says.
"""

import logging
import math

from storescpd.studies import episodes, receptions
from storescpd.studies.associations import Association, Associations
from storescpd.studies.clock import Moment
from storescpd.studies.episodes import Episode, State, Step
from storescpd.studies.ledger import Ledger
from storescpd.studies.messages import Joined, Place, Placed, Record, StudyKey
from storescpd.studies.policy import Policies, Scope
from storescpd.studies.pulse import mark
from storescpd.studies.timers import Timers
from storescpd.telemetry.events import log_event

_INSTANT = 0.001
"""Seconds that are none: sums of binary fractions leave a rest that no clock ever passes."""

logger = logging.getLogger(__name__)


class Course:
    """All studies that are not over."""

    def __init__(self, ledger: Ledger, policies: Policies) -> None:
        self._ledger = ledger
        self._policies = policies
        self._open: dict[StudyKey, Episode] = {}
        self._timers = Timers()
        self._latest = -math.inf
        """When the network last moved as far as messages tell, by the monotonic clock in seconds."""
        self.episodes: dict[int, Episode] = {}
        """By number: open or ending."""
        self._ended_by_token: dict[str, set[int]] = {}
        self.stirred: set[int] = set()
        """Numbers of ending episodes about which something has happened."""
        self._closed: dict[tuple[str, str], set[int]] = {}
        """Directories that nobody is given now, and the ending episodes whose files are renamed there."""
        self.associations = Associations()

    def load(self, now: Moment) -> None:
        """Take over what the ledger says."""
        self.episodes = {episode.id: episode for episode in episodes.unended(self._ledger.database)}
        self._open = {episode.key: episode for episode in self.episodes.values() if episode.state is State.OPEN}
        self._closed.clear()
        self._ended_by_token.clear()
        self.stirred.clear()
        for episode in self.episodes.values():
            if episode.state is State.RENAMING:
                self.close(episode)
        for episode in self.episodes.values():
            if episode.touched.boot != now.boot:
                # From here on this run's monotonic clock counts: a wall clock that was set back delays nothing twice.
                touched = episode.touched.in_boot_of(now)
                episodes.touch(self._ledger.begin(), episode, episode.slot, episode.sender, touched)
            if episode.state is State.OPEN:
                self._set_timer(episode, now)
            else:
                self._stir_later(episode)

    def _stir_later(self, episode: Episode) -> None:
        """Look at an ending episode now, and again when what ended it is settled."""
        self.stirred.add(episode.id)
        if episode.ended_by:
            self._ended_by_token.setdefault(episode.ended_by, set()).add(episode.id)

    def stir(self, episode: int | None, token: str) -> None:
        """Something has happened to an episode, or to an object that may have ended others."""
        if episode is not None:
            self.stirred.add(episode)
        self.stirred |= self._ended_by_token.get(token, set())

    def repair(self, now: Moment) -> None:
        """Some time after a start: files without a record, and studies that another one should have ended."""
        for episode in list(self.episodes.values()):
            if episode.state in {State.OPEN, State.WAITING}:
                self._adopt(episode, now)
        for episode in self._of_daemon()[:-1]:
            self._end(episode, now, "", "object of another study")

    def _adopt(self, episode: Episode, now: Moment) -> None:
        found = receptions.adopt(self._ledger.begin(), episode, now)
        if found:
            message = "files without a record belong to their study now"
            log_event(logger, logging.WARNING, message, study=episode.key.study, count=len(found))

    def close(self, episode: Episode) -> bool:
        """Give the directory of an ending episode to nobody; whether nobody moves anything into it any more."""
        self._closed.setdefault(_place_of(episode), set()).add(episode.id)
        leased = (self.episodes.get(number) for number in self.associations.leased())
        return not any(other is not None and _place_of(other) == _place_of(episode) for other in leased)

    def reopen(self, episode: Episode) -> None:
        """Its files have their names."""
        numbers = self._closed.get(_place_of(episode), set())
        numbers.discard(episode.id)
        if not numbers:
            self._closed.pop(_place_of(episode), None)

    def is_closed(self, request: Place) -> bool:
        """Whether the directory that a study would get is one where files are renamed now."""
        return not request.stamped and (request.key.root, request.label) in self._closed

    def place(self, request: Place, association: Association, now: Moment) -> Placed:
        """The directory for an object of a study."""
        association.sender = request.sender
        association.renew()
        for other in self._ended_by(request, association, self._policies[request.slot].scope):
            self._end(other, now, request.token, "object of another study")
        episode = self._open.get(request.key) or self._begin(request, now)
        association.current, association.lease = request.key, episode.id
        association.token = request.token
        return episodes.placed(episode)

    def _begin(self, request: Place, now: Moment) -> Episode:
        episode = episodes.open_episode(self._ledger.begin(), request, now)
        told = {"study": request.key.study, "directory": episode.shown, "root": request.key.root}
        log_event(logger, logging.INFO, "study begun", **told)
        self._add(episode, now)
        return episode

    def _add(self, episode: Episode, now: Moment) -> None:
        self.episodes[episode.id] = self._open[episode.key] = episode
        self._set_timer(episode, now)

    def _ended_by(self, request: Place, association: Association, scope: Scope) -> list[Episode]:
        """The open episodes that an object of this study ends."""
        candidates: list[Episode] = []
        match scope:
            case Scope.NONE:
                pass
            case Scope.DAEMON:
                return [one for one in self._of_daemon() if one.key != request.key]
            case Scope.ASSOCIATION:
                before = self._open.get(association.current) if association.current is not None else None
                candidates = [] if before is None else [before]
            case Scope.PEER:
                sender = request.sender
                candidates = [
                    one
                    for one in self._open.values()
                    if (one.sender.peer, one.sender.calling) == (sender.peer, sender.calling)
                ]
        return [one for one in candidates if self._may_end(one, request, association, scope)]

    def _may_end(self, episode: Episode, request: Place, association: Association, scope: Scope) -> bool:
        if episode.key == request.key or self._policies[episode.slot].scope is not scope:
            return False
        return not self.associations.another_has(episode.key, association)

    def _of_daemon(self) -> list[Episode]:
        """Open episodes of storescp's kind, of which there is one at a time; the oldest first."""
        found = [one for one in self._open.values() if self._policies[one.slot].scope is Scope.DAEMON]
        return sorted(found, key=lambda one: one.id)

    def record(self, record: Record, association: Association, now: Moment) -> tuple[int, Episode | None] | None:
        """Enter a reception: its number and its episode; ``None`` when that has been done before."""
        self._latest = now.monotonic
        database = self._ledger.begin()
        repeats, association.repeats = association.repeats, False
        if repeats:
            if receptions.is_known(database, record.token):
                self._let_go(association)
                return None
            record = record._replace(name=receptions.present_name(database, record))
        episode = None if record.episode is None else self._episode_for(record, association, now)
        if episode is not None and episode.id != record.episode:
            record = record._replace(name=receptions.present_name(database, record))
        self._let_go(association)
        number = receptions.insert(database, record, None if episode is None else episode.id, now)
        if episode is not None:
            other_slot = episode.slot != record.slot
            episodes.touch(database, episode, record.slot, record.sender, now)
            if other_slot and episode.state is State.OPEN:
                self._set_timer(episode, now)
        return number, episode

    def _episode_for(self, record: Record, association: Association, now: Moment) -> Episode | None:
        """The episode that a directory was given for; if that is over, the next one in that directory."""
        number = record.episode or 0
        episode = self.episodes.get(number)
        if episode is not None and (episode.state is State.OPEN or _still_takes(episode, association)):
            return episode
        database = self._ledger.begin()
        known = episode or episodes.by_id(database, number) or _forgotten(record, association, now)
        if known is None:
            return None
        successor = self._open.get(known.key)
        if successor is not None and successor.folder == known.folder:
            return successor
        log_event(logger, logging.WARNING, "object came after its study had ended", study=known.key.study)
        # Where the study has begun anew in another directory, what came too late is an episode that is over at once.
        state = State.OPEN if successor is None else State.WAITING
        made = episodes.insert(database, record.slot, known.key, known.folder, known.shown, record.sender, now, state)
        self.episodes[made.id] = made
        if state is State.OPEN:
            self._add(made, now)
        self._stir_later(made)
        return made

    def join(self, message: Joined, association: Association, now: Moment) -> None:
        """A connection begins; its worker may have been connected to another keeper before."""
        association.renew()
        association.sender, association.current = message.sender, message.current
        association.lease, association.repeats = message.episode, True
        self._latest = now.monotonic

    def drop(self, association: Association, now: Moment) -> None:
        """The object of an association is not stored."""
        self._let_go(association)
        self._latest = now.monotonic

    def _let_go(self, association: Association) -> None:
        self.stir(association.lease, association.token)
        episode = None if association.lease is None else self.episodes.get(association.lease)
        if episode is not None:
            self.stirred |= self._closed.get(_place_of(episode), set())
        association.lease, association.token = None, ""

    def leave(self, association: Association, now: Moment, *, adopts: bool = True) -> None:
        """An association is over; a file that its worker has moved, without having said so, has its study.

        Without ``adopts``, as the ledger takes nothing, it gets it with the next ``repair``.
        """
        self._latest = max(self._latest, association.signs().latest)
        self._note_last_of(association, now)
        self.associations.open.remove(association)
        episode = self._under_way(association)
        association.close()
        if adopts and episode is not None and episode.state in {State.OPEN, State.WAITING}:
            self._adopt(episode, now)
        self._let_go(association)

    def _note_last_of(self, association: Association, now: Moment) -> None:
        """An object that has failed was a sign of life of its study as well."""
        signs = association.signs()
        if signs.mark:
            for episode in self._open.values():
                if mark(episode.key) == signs.mark:
                    _hear(episode, math.inf if signs.busy else signs.latest, now)

    def _under_way(self, association: Association) -> Episode | None:
        """The episode that an association has an object for, perhaps: not every one is asked a directory for."""
        if association.lease is not None:
            return self.episodes.get(association.lease)
        key = association.current
        return self._open.get(key) if key is not None and association.sends(key) else None

    def _end(self, episode: Episode, now: Moment, ended_by: str, cause: str) -> None:
        del self._open[episode.key]
        database = self._ledger.begin()
        if not episodes.count(database, episode.id) and not self.associations.leases(episode.id):
            self.remove(episode)
            return
        episode.ended_by = ended_by
        episodes.step(database, episode, Step.ENDS, now, cause=cause)
        self._stir_later(episode)
        log_event(logger, logging.INFO, "study ends", study=episode.key.study, directory=episode.shown, cause=cause)

    def remove(self, episode: Episode) -> None:
        """One that never got an object has not been."""
        episodes.remove(self._ledger.begin(), episode)
        self._forget(episode)

    def _forget(self, episode: Episode) -> None:
        del self.episodes[episode.id]
        self.reopen(episode)
        others = self._ended_by_token.get(episode.ended_by)
        if others is not None:
            others.discard(episode.id)
            if not others:
                del self._ended_by_token[episode.ended_by]

    def step(self, episode: Episode, happened: Step, now: Moment) -> None:
        """An ending episode goes on."""
        episodes.step(self._ledger.begin(), episode, happened, now)
        self.stirred.add(episode.id)
        if episode.state is State.ENDED:
            self._forget(episode)

    def end_quiet(self, now: Moment) -> None:
        """End the episodes for which nothing came for their time."""
        for number in self._timers.take(now.monotonic):
            episode = self.episodes.get(number)
            if episode is None or episode.state is not State.OPEN:
                continue
            heard = math.inf if self._is_held(episode) else self.associations.heard_of(episode.key)
            _hear(episode, heard, now)
            if self._remaining(episode, now) > _INSTANT:
                self._set_timer(episode, now)
            else:
                self._end(episode, now, "", "quiet")

    def _is_held(self, episode: Episode) -> bool:
        if self._policies[episode.slot].scope is Scope.DAEMON and self.associations.busy():
            return True
        return self.associations.holds(episode.id, episode.key)

    def _set_timer(self, episode: Episode, now: Moment) -> None:
        remaining = self._remaining(episode, now)
        if remaining < math.inf:
            self._timers.ask(episode.id, now.monotonic + remaining)

    def _remaining(self, episode: Episode, now: Moment) -> float:
        """Seconds until it ends when nothing more comes."""
        policy = self._policies[episode.slot]
        if not policy.end_of_study_timeout:
            return math.inf
        age = episode.touched.age(now)
        if policy.scope is Scope.DAEMON:
            latest = max(self._latest, self.associations.latest())
            age = min(age, max(now.monotonic - latest, 0.0))
        return policy.end_of_study_timeout - age

    def next_timer(self) -> float:
        """Monotonic time at which a look is due."""
        return self._timers.next

    def take_stirred(self) -> list[Episode]:
        """The ending episodes to look at, each once."""
        found = [self.episodes[number] for number in sorted(self.stirred) if number in self.episodes]
        self.stirred.clear()
        return [episode for episode in found if episode.state is not State.OPEN]


def _place_of(episode: Episode) -> tuple[str, str]:
    return episode.key.root, episode.folder


def _forgotten(record: Record, association: Association, now: Moment) -> Episode | None:
    """An episode that had no object until now and is not in the ledger any more, as its worker has kept it."""
    key = association.current
    if key is None or (key.root, key.study) != (record.root, record.study):
        return None
    shown = episodes.shown_again(key, record.folder)
    return Episode(0, record.slot, key, record.folder, shown, State.ENDED, now, now.wall, record.sender)


def _hear(episode: Episode, latest: float, now: Moment) -> None:
    """Something of an episode has moved at a time of the monotonic clock."""
    if latest > episode.touched.monotonic:
        episode.touched = now.later(min(latest - now.monotonic, 0.0))


def _still_takes(episode: Episode, association: Association) -> bool:
    return episode.state is State.WAITING and association.lease == episode.id
