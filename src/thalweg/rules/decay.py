"""Weight decay: the two places where it can pull.

    coupled      g ← g + λ θ          a penalty λ‖θ‖²/2 in the loss; the rule then rescales it
    decoupled    θ ← θ (1 − η λ)      straight at the weights; the rule never sees it

For plain gradient descent the two are one up to the factor η. For adaptive rules they differ:
coupled, a weight with large gradients decays less (Loshchilov & Hutter 2019).
"""

from thalweg.rules.kinds import Array


def decay(
    param: Array, grad: Array, *, lr: float, weight_decay: float, decoupled: bool
) -> tuple[Array, Array]:
    """The parameter and the gradient after weight decay."""
    if not weight_decay:
        return param, grad
    if decoupled:
        return param * (1 - lr * weight_decay), grad
    return param, grad + weight_decay * param
