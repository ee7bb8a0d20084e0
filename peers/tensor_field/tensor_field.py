"""A tensor field network for dipoles, to stand beside the models of `rpr`.

    python tensor_field.py train_800.extxyz test.extxyz predicted.extxyz --repeat 0

It needs an environment of its own with ``jax`` and ``e3nn-jax`` (README.md) and imports nothing of
`rpr`.  Frames are extended XYZ of one molecule with ``dipole`` (e Angstrom) in the training file.

Two layers exchange messages between all pairs of atoms.  The message from atom j to atom i is the
tensor product of the features of j with the spherical harmonics of the direction from j to i (l =
0, 1, 2), in which every path has a weight that a small network of the distance gives (Thomas et
al., arXiv:1802.08219; Geiger and Smidt, arXiv:2207.09453).  Gated nonlinearities follow.  The
dipole is

    mu = sum_i v_i + sum_i (q_i - mean q) r_i

with a vector v_i and a charge q_i of every atom.  It obeys rotations, inversion, translations and
permutations of like atoms by construction.  Nothing is searched: the number of steps is fixed.
"""

import argparse
import time

import ase.io
import e3nn_jax as e3nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

HIDDEN = e3nn.Irreps("24x0e + 4x0o + 12x1o + 4x1e + 6x2e")
GATED = e3nn.Irreps("24x0e + 4x0o + 22x0e + 12x1o + 4x1e + 6x2e")  #: the last 22 scalars are gates
HARMONICS = e3nn.Irreps("0e + 1o + 2e")
OUTPUT = e3nn.Irreps("0e + 1o")
CUTOFF = 6.5  #: Angstrom: longer than any distance in the molecule
N_RADIAL, WIDTH = 8, 32
BATCH, LEARNING_RATE, AVERAGING = 20, 1e-2, 0.998


class Network:
    """The network for molecules with these atomic numbers, in this order."""

    def __init__(self, numbers):
        self.kinds = np.unique(numbers, return_inverse=True)[1]
        n = len(numbers)
        # Edges in the order of their receivers.
        self.receivers, self.senders = np.nonzero(~np.eye(n, dtype=bool))
        embedding = e3nn.Irreps(f"{self.kinds.max() + 1}x0e")
        self.layers = [Layer(embedding, self.kinds), Layer(HIDDEN, self.kinds)]
        self.out = linear(HIDDEN, OUTPUT)

    def initial(self, seed):
        """Random parameters."""
        keys = jax.random.split(jax.random.PRNGKey(seed), len(self.layers) + 1)
        layers = [layer.initial(key) for layer, key in zip(self.layers, keys, strict=False)]
        return {"layers": layers, "out": weights(self.out, keys[-1], self.kinds.max() + 1)}

    def __call__(self, parameters, positions):
        """Dipoles [n, 3] of positions [n, n_atoms, 3], in units of the scale of the labels."""
        vectors = positions[:, self.receivers] - positions[:, self.senders]  # -> [n, edges, 3]
        lengths = jnp.linalg.norm(vectors, axis=2)
        harmonics = e3nn.spherical_harmonics(
            HARMONICS, e3nn.IrrepsArray("1o", vectors), normalize=True, normalization="component"
        )
        radial = e3nn.bessel(lengths, N_RADIAL, CUTOFF)
        one_hot = jnp.eye(int(self.kinds.max()) + 1, dtype=positions.dtype)[self.kinds]
        one_hot = jnp.broadcast_to(one_hot, (len(positions), *one_hot.shape))
        x = e3nn.IrrepsArray(f"{one_hot.shape[2]}x0e", one_hot)
        for layer, given in zip(self.layers, parameters["layers"], strict=True):
            x = layer(given, x, harmonics, radial, self.senders)
        out = by_kind(self.out, parameters["out"], x, self.kinds).array  # -> [n, n_atoms, 4]
        charges = out[:, :, 0] - out[:, :, 0].mean(axis=1, keepdims=True)
        return out[:, :, 1:].sum(axis=1) + jnp.einsum("na,nax->nx", charges, positions)


class Layer:
    """One exchange of messages, and a gated nonlinearity."""

    def __init__(self, given, kinds):
        self.kinds, self.given = kinds, given
        self.before = linear(given, given)
        self.paths = e3nn.tensor_product(given, HARMONICS, filter_ir_out=[ir for _, ir in HIDDEN])
        self.after = linear(self.paths, GATED)
        self.itself = linear(given, GATED)

    def initial(self, key):
        """Random parameters."""
        keys = jax.random.split(key, 5)
        n = self.paths.num_irreps
        return {
            "before": weights(self.before, keys[0]),
            "after": weights(self.after, keys[1]),
            "itself": weights(self.itself, keys[2], self.kinds.max() + 1),
            "radial": [
                jax.random.normal(keys[3], (N_RADIAL, WIDTH)) / np.sqrt(N_RADIAL),
                jax.random.normal(keys[4], (WIDTH, n)) / np.sqrt(WIDTH),
            ],
        }

    def __call__(self, parameters, x, harmonics, radial, senders):
        n, n_atoms, _ = x.shape
        sent = apply(self.before, parameters["before"], x)[:, senders]
        messages = e3nn.tensor_product(sent, harmonics, filter_ir_out=[ir for _, ir in HIDDEN])
        first, second = parameters["radial"]
        messages = messages * (jax.nn.silu(radial @ first) @ second)
        messages = messages.array.reshape(n, n_atoms, n_atoms - 1, -1).sum(axis=2)
        messages = e3nn.IrrepsArray(self.paths, messages / np.sqrt(n_atoms - 1))
        total = apply(self.after, parameters["after"], messages)
        total = total + by_kind(self.itself, parameters["itself"], x, self.kinds)
        return e3nn.gate(total)


def linear(given, wanted):
    """Equivariant linear map: it mixes tensors of the same kind."""
    return e3nn.FunctionalLinear(given, wanted)


def weights(map, key, n=None):
    """Random weights of a linear map, or of `n` of them."""
    keys = jax.random.split(key, len(map.instructions))
    lead = () if n is None else (int(n),)
    return [
        i.weight_std * jax.random.normal(k, (*lead, *i.path_shape))
        for i, k in zip(map.instructions, keys, strict=True)
    ]


def apply(map, w, x):
    """The same linear map for all atoms."""
    return e3nn.utils.vmap(e3nn.utils.vmap(lambda y: map(w, y)))(x)


def by_kind(map, w, x, kinds):
    """A linear map of its own for every element."""
    of_atoms = [part[kinds] for part in w]
    return e3nn.utils.vmap(lambda y: e3nn.utils.vmap(lambda v, z: map(v, z))(of_atoms, y))(x)


def train(network, positions, dipoles, steps, seed):
    """Parameters after `steps` steps of Adam: their running mean."""
    parameters = network.initial(seed)
    schedule = optax.cosine_decay_schedule(LEARNING_RATE, steps)
    optimiser = optax.adam(schedule)
    state, mean = optimiser.init(parameters), parameters

    def loss(parameters, x, y):
        return jnp.mean((network(parameters, x) - y) ** 2)

    @jax.jit
    def step(parameters, mean, state, x, y):
        value, gradient = jax.value_and_grad(loss)(parameters, x, y)
        update, state = optimiser.update(gradient, state)
        parameters = optax.apply_updates(parameters, update)
        mean = jax.tree.map(lambda m, p: AVERAGING * m + (1 - AVERAGING) * p, mean, parameters)
        return parameters, mean, state, value

    rng, order = np.random.default_rng(seed), np.zeros(0, dtype=int)
    total = 0.0
    for n in range(1, steps + 1):
        if len(order) < BATCH:
            order = rng.permutation(len(positions))
        chosen, order = order[:BATCH], order[BATCH:]
        parameters, mean, state, value = step(
            parameters, mean, state, positions[chosen], dipoles[chosen]
        )
        total += float(value)
        if n % 500 == 0:
            print(f"step {n}: training error {np.sqrt(total / 500):.5f} of the spread", flush=True)
            total = 0.0
    return mean


def predict(network, parameters, positions, block=100):
    """Dipoles in double precision, in units of the scale of the labels."""
    parameters = jax.tree.map(lambda p: jnp.asarray(p, dtype=jnp.float64), parameters)
    compiled = jax.jit(network.__call__)
    n = len(positions)
    padded = np.concatenate([positions, positions[:1].repeat(-n % block, axis=0)])
    blocks = [compiled(parameters, padded[i : i + block]) for i in range(0, n, block)]
    return np.concatenate([np.asarray(b) for b in blocks])[:n]


def centred(frames):
    """Positions about their mean."""
    positions = np.array([atoms.positions for atoms in frames])
    return positions - positions.mean(axis=1, keepdims=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("predicted")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--repeat", type=int, default=0, help="number of the split, and seed")
    options = parser.parse_args()
    frames = ase.io.read(options.train, ":")
    dipoles = np.array([atoms.get_dipole_moment() for atoms in frames])
    scale = np.sqrt((dipoles**2).mean())
    network = Network(frames[0].numbers)
    start = time.process_time()
    parameters = train(
        network,
        centred(frames).astype(np.float32),
        (dipoles / scale).astype(np.float32),
        options.steps,
        options.repeat,
    )
    seconds = time.process_time() - start
    jax.config.update("jax_enable_x64", True)
    tests = ase.io.read(options.test, ":")
    positions = centred(tests)
    predict(network, parameters, positions)  # compiles
    start = time.process_time()
    predicted = scale * predict(network, parameters, positions)
    per_frame = 1e3 * (time.process_time() - start) / len(tests)
    for atoms, dipole in zip(tests, predicted, strict=True):
        atoms.calc = None
        atoms.info = {"dipole": dipole}
    tests[0].info |= {
        "way": "tensor field network",
        "idea": "equivariant network",
        "n_train": len(frames),
        "repeat": options.repeat,
        "train_seconds": round(seconds, 1),
        "predict_ms": round(per_frame, 3),
    }
    ase.io.write(options.predicted, tests, format="extxyz", columns=["symbols", "positions"])
    print(f"{seconds:.0f} s of processor time, {per_frame:.2f} ms a frame")


if __name__ == "__main__":
    main()
