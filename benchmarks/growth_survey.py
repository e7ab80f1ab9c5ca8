"""`python -m benchmarks.growth_survey TYPE`: assess every resource of the type in an account, and keep none.

It imports neither moto nor a report's tools, whose memory would hide that of the survey.
"""

import json
import sys
import time

from benchmarks import machine
from rightstate_cli.planning import survey as planning
from rightstate_cli.planning.accounts import Wanted, named_accounts, targets


def survey(resource_type: str) -> dict[str, float]:
    """How many there are, what they took, and the peak of this process's memory."""
    chosen = targets(named_accounts(Wanted(types=(resource_type,))))
    began, used = time.perf_counter(), time.process_time()
    resources = 0
    for each in planning.plan(chosen, lambda done, found: None):
        if not isinstance(each, planning.Item) or not each.decision:
            raise SystemExit(f"Not read: {each}")
        resources += 1
    return {
        "resources": resources,
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - used,
        "megabytes": machine.peak_megabytes(),
    }


if __name__ == "__main__":
    print(json.dumps(survey(sys.argv[1])))
