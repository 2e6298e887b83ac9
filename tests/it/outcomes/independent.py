"""The outcome table of a cohort once more, from what was sent: calendar dates, exact fractions, and nothing of the program.

Reads cases as JSON from standard input, writes for each the lines of its table as JSON."""

import calendar
import datetime as dt
import json
import sys
from fractions import Fraction as F

DAY = dt.timedelta(days=1)
MOMENT = dt.timedelta(microseconds=1)
FACTORS = {"g/dL": F(10), "mg/dL": F(10_000_000, 113_120), "10*6": F(1_000_000)}
# Variable, months from one visit to the next, days of the window either side.
ITEMS = [("skin", 1, 7), ("albumin", 3, 14), ("creatinine", 3, 14)]


def add_months(day, months):
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def midnight(day):
    return dt.datetime.combine(day, dt.time())


class Result:
    def __init__(self, place, sent):
        self.place, self.id, self.variable, self.sent = place, sent["id"], sent["variable"], sent["at"]
        factor = FACTORS.get(sent.get("unit"), F(1))
        value = [F(end) * factor for end in str(sent["value"]).split("-")]
        self.value = (value[0], value[-1])
        self.upper = F(sent["upper"]) * factor if sent.get("upper") else None
        if "T" in self.sent:
            self.first = self.last = dt.datetime.fromisoformat(self.sent).replace(tzinfo=None)
        else:
            self.first = midnight(dt.date.fromisoformat(self.sent))
            self.last = self.first + DAY - MOMENT
        self.day = self.first.date()


# Numbers are pairs of ends, None where nothing is known; truths are True, False, None.
def hull(values):
    return (min(v[0] for v in values), max(v[1] for v in values)) if values else None


def less(a, b):
    if a is None or b is None:
        return None
    return True if a[1] < b[0] else False if a[0] >= b[1] else None


def at_most(a, limit):
    above = less((limit, limit), a)
    return None if above is None else not above


def minus(a, b):
    return None if a is None or b is None else (a[0] - b[1], a[1] - b[0])


def percent(base, value):
    if base is None or value is None or base[0] <= 0:
        return None
    return ((value[0] / base[1] - 1) * 100, (value[1] / base[0] - 1) * 100)


def both(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def either(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


def negated(a):
    return None if a is None else not a


def times(n, a):
    return None if a is None else (n * a[0], n * a[1])


def latest(results):
    """The last of them, or those that cannot be told apart from it."""
    edge = max((r.first for r in results), default=None)
    return [r for r in results if r.last >= edge]


def show(value):
    if value is None or isinstance(value, bool):
        return {None: "-", True: "true", False: "false"}[value]
    low, high = (f"{end.numerator}/{end.denominator}" for end in value)
    return low if low == high else f"{low}..{high}"


class Person:
    def __init__(self, case):
        self.case = case
        moment = lambda text: text and dt.datetime.fromisoformat(text).replace(tzinfo=None)
        self.now, stopped = moment(case["now"]), moment(case["stopped"])
        newest = {}
        for sent in case["facts"]:
            if sent["id"] not in newest or sent["version"] > newest[sent["id"]]["version"]:
                newest[sent["id"]] = sent
        order = [sent for sent in newest.values() if sent["status"] != "entered-in-error"]
        results = [Result(place, sent) for place, sent in enumerate(order)]
        stopped = stopped if stopped and stopped <= self.now else None
        kept = [r for r in results if stopped is None or r.last < stopped]
        self.after_stop = len(results) - len(kept)
        self.results = [r for r in kept if r.first <= self.now]
        died = case["death"] and midnight(dt.date.fromisoformat(case["death"])) + DAY - MOMENT
        ends = [(moment(case["ended"]), "withdrawn"), (stopped, "collection stopped"), (died, "died")]
        ends = [(at, why) for at, why in ends if at and at <= self.now]
        self.ended = min(ends, key=lambda end: end[0], default=None)
        self.died = dt.date.fromisoformat(case["death"]) if died and died - DAY < self.now else None
        given = min(self.of("cells"), key=lambda r: r.first)
        self.start, self.day0 = given.first, given.day

    def of(self, variable):
        return [r for r in self.results if r.variable == variable]

    def baseline(self, variable):
        """The last within 28 days and from before the infusion; one of that day without a time counts."""
        since = midnight(self.day0 - 28 * DAY)
        return latest([r for r in self.of(variable) if since <= r.first < self.start])

    def is_of_day0(self, results):
        return any(r.day == self.day0 and r.first != r.last for r in results)

    def visits(self, every):
        return [add_months(self.day0, every * n) for n in range(24 // every + 2)]

    def served(self, variable, every, window):
        """For each visit what lies inside its window or is nearest to it, and what serves none."""
        targets = self.visits(every)
        far = lambda r, n: abs((r.day - targets[n]).days)
        after = [r for r in self.of(variable) if r.first > self.start or r.day > self.day0]
        nearest = {r: min(range(len(targets)), key=lambda n: (far(r, n), -n)) for r in after}
        inside, outside, served = {}, {}, set()
        for n in range(1, len(targets) - 1):
            near = [r for r in after if nearest[r] == n]
            own = [r for r in near if far(r, n) <= window]
            picked = own or near
            picked = [r for r in picked if far(r, n) == min(far(p, n) for p in picked)]
            (inside if own else outside)[n] = latest(picked)
            served |= set(latest(picked))
        return inside, outside, [r for r in after if r not in served]

    def state(self, targets, n, window):
        begin = midnight(targets[n] - window * DAY)
        end = midnight(targets[n] + (window + 1) * DAY)
        # As far from the next as from this it is of the next.
        half = ((targets[n + 1] - targets[n]).days + 1) // 2
        if self.ended and begin > self.ended[0]:
            return "ended"
        if self.now < begin:
            return "not due"
        if self.ended:
            return "missed"
        if self.now < end:
            return "due"
        return "overdue" if self.now < midnight(targets[n] + half * DAY) else "missed"

    def lines(self):
        name, at = self.ended[::-1] if self.ended else ("-", None)
        yield f"ended {name} {at.date() if at else '-'}, {self.after_stop} after it"
        for item, every, window in ITEMS:
            yield from self.item(item, every, window)
        yield from self.worked_out("response", 1, 7, ["skin"], self.response, self.case["applies"])
        for item, every, window in self.case["without_results"]:
            yield from self.item(item, every, window)
        if self.case["organs"]:
            yield from self.worked_out("gut_remission", 3, 14, ["albumin"], self.gut)
            yield from self.worked_out("kidney_remission", 3, 14, ["creatinine"], self.kidney)
            yield from self.worked_out("organ_remission", 3, 14, ["albumin", "creatinine"], self.organs)
        yield self.survival()
        yield from self.grades()

    def line(self, item, n, every, state, value, change, part, facts, at):
        visit, item = f"M{n * every}" if n else "Baseline", self.case["names"].get(item, item)
        same_day = " same day" if n == 0 and state == "captured" and self.is_of_day0(facts) else ""
        ids = ",".join(r.id for r in sorted(facts, key=lambda r: r.place))
        when = max(at, key=lambda r: (r.last, r.first)).sent if at else "-"
        return f"{item} {visit} {state}: {show(value)} {show(change)} {show(part)} {when} [{ids}]{same_day}"

    def item(self, item, every, window):
        base = self.baseline(item)
        of_base = hull([r.value for r in base])
        yield self.line(item, 0, every, "captured" if base else "missed", of_base, None, None, base, base)
        targets = self.visits(every)
        inside, outside, rest = self.served(item, every, window)
        for n in range(1, len(targets) - 1):
            state = self.state(targets, n, window)
            own, near = inside.get(n, []), outside.get(n, [])
            if state == "ended":
                rest += own + near
                yield self.line(item, n, every, state, None, None, None, [], [])
            elif own:
                value = hull([r.value for r in own])
                change, part = minus(value, of_base), percent(of_base, value)
                yield self.line(item, n, every, "captured", value, change, part, own, own)
            elif near:
                value = hull([r.value for r in near])
                yield self.line(item, n, every, "captured outside the window", value, None, None, near, near)
            else:
                yield self.line(item, n, every, state, None, None, None, [], [])
        for r in sorted(rest, key=lambda r: (r.first, r.last)):
            yield f"{self.case['names'].get(item, item)} unscheduled {show(r.value)} {r.sent} {r.id}"

    def worked_out(self, item, every, window, variables, holds, applies=False):
        """An item that leans on variables: whether it holds, of what is known at the visit and at the baseline."""
        base = {v: self.baseline(v) for v in variables}
        of_base = {v: hull([r.value for r in base[v]]) for v in variables}
        inside = {v: self.served(v, every, window)[0] for v in variables}
        targets = self.visits(every)
        for n in range(len(targets) - 1):
            own = {v: inside[v].get(n, []) if n else base[v] for v in variables}
            value = {v: hull([r.value for r in own[v]]) for v in variables}
            truth, leans_on_base, decided = holds(value, of_base)
            state = self.state(targets, n, window) if n else "missed"
            if applies and less((F(10), F(10)), of_base["skin"]) is False:
                state = "not applicable"
            elif state not in ("ended", "not due") and (truth is not None or decided):
                state = "captured"
            if state != "captured":
                yield self.line(item, n, every, state, None, None, None, [], [])
                continue
            facts = [r for v in variables for r in own[v] + (base[v] if leans_on_base else [])]
            facts = list(dict.fromkeys(facts))
            yield self.line(item, n, every, state, truth, None, None, facts, facts)

    # Whether it holds, whether the baseline is looked at, and whether all is there even if it cannot be told.

    def response(self, value, base):
        value, base = value["skin"], base["skin"]
        truth = both(at_most(minus(value, base), -5), at_most(percent(base, value), -25))
        return truth, True, value is not None and base is not None

    # No weight and no protein is ever sent, so each can be refuted and never be shown.

    def gut(self, value, _):
        return both(negated(less(value["albumin"], (F(25), F(25)))), None), False, False

    def kidney(self, value, _):
        return both(at_most(value["creatinine"], F(120)), None), False, False

    def organs(self, value, base):
        was_gut = either(less(base["albumin"], (F(25), F(25))), None)
        was_kidney = either(less((F(120), F(120)), base["creatinine"]), None)
        gut, kidney = self.gut(value, base)[0], self.kidney(value, base)[0]
        truth = both(both(either(negated(was_gut), gut), either(negated(was_kidney), kidney)), None)
        return truth, True, False

    def survival(self):
        events = [r.day for r in self.of("failed") if r.value[0] == 1 and r.day >= self.day0]
        if self.died and self.died >= self.day0:
            events.append(self.died)
        if events:
            return f"survival event {min(events)} {(min(events) - self.day0).days}"
        contact = max(self.results, key=lambda r: (r.first, r.last)).day
        until = max(min([contact, self.now.date()] + ([self.ended[0].date()] if self.ended else [])), self.day0)
        return f"survival censored {until} {(until - self.day0).days}"

    def grade(self, value, upper, base):
        of_limit = lambda n: less(times(n, upper), value)
        of_base = lambda n: less(times(n, base), value)
        half = F(3, 2)
        truths = [of_limit(1), either(of_limit(half), of_base(half)), either(of_limit(3), of_base(3)), of_limit(6)]
        highest = max((n for n, truth in enumerate(truths, 1) if truth is True), default=0)
        return highest, any(truth is None for truth in truths[highest:])

    def grades(self):
        base = self.baseline("creatinine")
        of_base = hull([r.value for r in base])
        uppers = [r.upper and (r.upper, r.upper) for r in base]
        found = self.grade(of_base, hull(uppers) if base and all(uppers) else None, of_base) if base else (0, True)
        of_base_grade = "-" if found == (0, True) else found[0]
        targets = self.visits(1)[:-1]
        graded = [r for r in self.of("creatinine") if r in base or r.last > self.start]
        for r in sorted(graded, key=lambda r: (r.first, r.last)):
            highest, at_least = self.grade(r.value, r.upper and (r.upper, r.upper), of_base)
            period = max(n for n, target in enumerate(targets) if n == 0 or target <= r.day)
            grade = "?" if (highest, at_least) == (0, True) else f"{highest}{'+' if at_least else ''}"
            yield f"creatinine grade {r.id} {show(r.value)}: {grade} after {of_base_grade} in {period}"


if __name__ == "__main__":
    json.dump([list(Person(case).lines()) for case in json.load(sys.stdin)], sys.stdout)
