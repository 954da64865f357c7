"""Adam's eps is 1: larger than every gradient, so that nothing is scaled any more."""

from thalweg.doctor.fault.case import Case
from thalweg.doctor.fault.fault import Fault


def inject(case: Case) -> Case:
    """Set eps to 1."""
    return case.changed(eps=1.0)


def unfit(case: Case) -> str:
    """Whether the rule divides by a root of squares."""
    return "" if {"betas", "alpha"} & set(case.hypers) else "its rule has no eps"


fault = Fault(
    "huge-eps", "eps far too large", ("eps-dominates",), inject, also=("crawling",), unfit=unfit
)
