"""What is the loss of these weights, its slope and its curvature, with nothing left behind?"""

from thalweg.probe.direction import cosine, filter_normalised, orthogonalised, random
from thalweg.probe.edge import edge, scale
from thalweg.probe.mode import MODES, Mode
from thalweg.probe.probe import Probe
from thalweg.probe.sample import Sample, sample
from thalweg.probe.spectrum import Spectrum, spectrum
from thalweg.probe.untouched import untouched
from thalweg.probe.weights import Weights

__all__ = [
    "MODES",
    "Mode",
    "Probe",
    "Sample",
    "Spectrum",
    "Weights",
    "cosine",
    "edge",
    "filter_normalised",
    "orthogonalised",
    "random",
    "sample",
    "scale",
    "spectrum",
    "untouched",
]
