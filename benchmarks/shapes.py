"""Four sets of shapes to step: large, language model, image model, small."""

Shape = tuple[int, ...]


def large() -> list[Shape]:
    """Four matrices that no cache holds: memory alone."""
    return [(4096, 4096)] * 4


def gpt2(layers: int = 6, width: int = 768, words: int = 50257, length: int = 1024) -> list[Shape]:
    """GPT-2 small with half its layers: one large table, a few dozen matrices."""
    block: list[Shape] = [
        (width,),
        (width,),
        (3 * width, width),
        (3 * width,),
        (width, width),
        (width,),
        (width,),
        (width,),
        (4 * width, width),
        (4 * width,),
        (width, 4 * width),
        (width,),
    ]
    return [(words, width), (length, width), *block * layers, (width,), (width,)]


def resnet50() -> list[Shape]:
    """ResNet-50: 161 tensors, from 64 numbers to 2.4 million."""
    shapes: list[Shape] = [(64, 3, 7, 7), (64,), (64,)]
    inputs = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        for block in range(blocks):
            outputs = 4 * width
            for conv in ((width, inputs, 1, 1), (width, width, 3, 3), (outputs, width, 1, 1)):
                shapes += [conv, (conv[0],), (conv[0],)]
            if block == 0:
                shapes += [(outputs, inputs, 1, 1), (outputs,), (outputs,)]
            inputs = outputs
    return [*shapes, (1000, 2048), (1000,)]


def small() -> list[Shape]:
    """Forty tensors that a cache holds: the host's time counts."""
    return [(64, 64), (64,)] * 20


SETS = {"large": large, "gpt2": gpt2, "resnet50": resnet50, "small": small}
