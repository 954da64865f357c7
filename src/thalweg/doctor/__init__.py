"""What is wrong with this run, and what should be changed?"""

from thalweg.doctor import faults
from thalweg.doctor.call import diagnose
from thalweg.doctor.evidence import Activation, Estimate, Evaluation, Evidence, Layer, Point
from thalweg.doctor.examine import examine
from thalweg.doctor.past.post_mortem import post_mortem
from thalweg.doctor.ride.watch import Watch, watch
from thalweg.doctor.verdict.diagnosis import Diagnosis, judge

__all__ = [
    "Activation",
    "Diagnosis",
    "Estimate",
    "Evaluation",
    "Evidence",
    "Layer",
    "Point",
    "Watch",
    "diagnose",
    "examine",
    "faults",
    "judge",
    "post_mortem",
    "watch",
]
