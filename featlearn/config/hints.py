"""What people write in a configuration and what is there instead: one record each, for the complaints about it."""

from __future__ import annotations

from dataclasses import dataclass

from featlearn.training.methods import METHODS
from featlearn.training.stages import Stage


@dataclass(frozen=True)
class Hint:
    """What to say of some words.

    Attributes:
        words: what people write, in lower case with underscores.
        means: the key or the value that is meant, if there is one; of a key that more than one section has, its path.
        says: what there is instead, or how it is written.
        at: the sections whose keys, or the keys whose values, are meant, separated by commas; "" for all. The keys
            ``kind`` and ``name`` stand after that of their section.
    """

    words: str
    means: str = ""
    says: str = ""
    at: str = ""

    def is_about(self, word: str, key: str) -> bool:
        """Whether it is about a word at a key."""
        name = word.strip().lower().replace("-", "_").replace(" ", "_")
        return name in self.words.split() and (not self.at or key in self.at.split(", "))


_CLOSED_FORMS = "losses are exact, and each activation needs its own kernel; tanh, softplus and silu are smooth ones"
_BATCHES = (
    "a fresh batch at each step is data: {kind: online, batch_size: 100}, batches of a fixed sample are "
    "{kind: empirical, samples: 10000, batch_size: 100}"
)
_FORMULA = (
    'a target that is no network is a formula, as in teacher.polynomial: "He3(x1)"; for any other label inputs '
    "yourself and train on them: featlearn new own_data"
)
_OTHER_START = "write {kind: gaussian, first_layer_std: 0.1, second_layer_std: 0.1} with the deviations that you want"

OF_KEYS = (
    Hint("lambda lam λ wd l2 decay regularization regularisation weightdecay weight_decays", "weight_decay"),
    Hint("lr learning_rate eta η stepsize step rate", "step_size"),
    Hint("epochs epoch iterations iters n_steps num_steps max_steps duration", "steps"),
    Hint("optimizer optimiser optim algorithm solver", "method"),
    Hint("layers", says="the networks have two layers; each stage says which it trains", at="student, init"),
    Hint("trainable layers train_layers", "train"),
    Hint(
        "freeze frozen fixed freezing freeze_first_layer freeze_second_layer fix_first_layer fix_second_layer",
        says="a stage trains the layers that it names and leaves the other as it is, as in stages.NAME.train: "
        "[first_layer]",
    ),
    Hint("tolerance tol early_stopping", "stop"),
    Hint(
        "kind type hermite function formula target degree degrees information_exponent link terms staircase",
        "polynomial",
        says=_FORMULA,
        at="teacher",
    ),
    Hint("polynomial formula hermite", "teacher.polynomial", says=_FORMULA),
    Hint("target ground_truth teachers", "teacher", says=_FORMULA),
    Hint("model network net learner students", "student"),
    Hint("dim d input_size inputs n_features in_dim dimension", "input_dim"),
    Hint("hidden neurons m hidden_size hidden_dim n_hidden width_student", "student.width"),
    Hint("initialization initialisation initial_weights", "init"),
    Hint("nonlinearity act phi φ activation_function", "activation"),
    Hint("dataset train_data", "data"),
    Hint("n n_samples num_samples sample_size", "samples"),
    Hint("noise sigma noise_level label_noise", "noise_std"),
    Hint("random_seed rng_seed", "seed"),
    Hint("seeds", says="one configuration has one seed; a sweep has many: featlearn new sweeps/seeds"),
    Hint("dtype float_type", "precision"),
    Hint("logging", "log"),
    Hint("alpha α slope leak leakiness", "negative_slope", at="activation"),
    Hint("coeffs coefs coeff", "coefficients", at="activation"),
    Hint("alpha α scale output_multiplier", "output_scale"),
    Hint("parametrization parameterization parametrisation parameterisation prefactor normalization", "scaling"),
    Hint("stage phases phase", "stages"),
    Hint("conditioning condition_number kappa κ", "min_conditioning"),
    Hint("radius scale length", "norm", at="init"),
    Hint("symmetric antisymmetric mirror zero_output", "mirrored", at="init"),
    Hint("beta β power powerlaw exponent", "power_law", at="output_weights"),
    Hint("batch_size batch batches batchsize minibatch mini_batch minibatch_size", "batch_size", says=_BATCHES),
    Hint("replacement replace", "with_replacement"),
    Hint("repeat repeats steps_per_batch reuses", "reuse", at="data"),
    Hint("diagonal variances eigenvalues", says="of a diagonal, covariance is the list of the d", at="covariance"),
    Hint("covariance cov spectrum spike spiked anisotropy", "inputs.covariance"),
    Hint("bias use_bias bias_std", "student.biases", says="as in student.biases: {std: 0.5} or {constant: 0}"),
    Hint("depth n_layers num_layers", says="the networks have two layers: f(x) = Σ_j a_j φ(w_j·x)"),
    Hint(
        "constraints normalize normalise projection project spherical on_sphere",
        "constraint",
        says="constraint: unit_rows acts after each step; then: [normalize_rows] once, at the end of a stage",
    ),
    Hint("constraint", says="it is said of a stage, as in constraint: unit_rows"),
    Hint(
        "scheduler schedule lr_scheduler warmup annealing cosine",
        says="a schedule is a value of step_size or weight_decay: {start: 0.1, factor: 0.5, every: 1000}, "
        "{cosine: [0.1, 0]}, {linear: [0.1, 0]} or {power: [0.1, 0.5]}",
    ),
    Hint(
        "second_layer first_layer",
        says="each stage says what it trains, as in stages.NAME.train: [first_layer]; starts are in student.init",
        at="student",
    ),
    Hint("angle alignment", "mean_angle", at="stop"),
    Hint("step stage_step iterations", says="a stage ends after its steps in any case", at="stop"),
    Hint(
        "seconds time minutes", says="where a run ends must not depend on the machine; give it fewer steps", at="stop"
    ),
    Hint(
        "kind type schedule scheduler",
        says="a schedule is {start, factor, every}, {cosine: [first, last]}, {linear: [first, last]} or "
        "{power: [first, exponent]}",
        at="step_size, weight_decay",
    ),
    Hint(
        "loss_function criterion cost objective loss",
        "loss",
        says="it is squared (the default) or correlation; a stage may stop at a value, as in stop: {loss: 1e-9}",
    ),
    Hint("kind type", "activation.name", at="activation"),
)
OF_VALUES = (
    Hint(
        "elu selu cos softmax mish",
        says=_CLOSED_FORMS,
        at="activation name",
    ),
    Hint("swish", "silu", at="activation name"),
    Hint("logistic", "sigmoid", at="activation name"),
    Hint("square squared x^2", "quadratic", at="activation name"),
    Hint("absolute", "abs", at="activation name"),
    Hint("identity none", "linear", at="activation name"),
    Hint("sine", "sin", at="activation name"),
    Hint("leakyrelu lrelu", "leaky_relu", at="activation name"),
    Hint("cubic poly", "polynomial", "its coefficients are those of z^k: [0, 0, 0, 1] is z³", at="activation name"),
    Hint("sgd stochastic_gradient_descent", Stage.method, f"it does that on fresh batches; {_BATCHES}", at="method"),
    *(Hint(" ".join(method.aliases), method.name, at="method") for method in METHODS.values()),
    Hint("all both", says="name the layers: [first_layer, second_layer]", at="train"),
    Hint("gauss normal gaussian infinite exact", "population", at="data kind"),
    Hint("sample sampled samples finite csv file train fixed dataset", "empirical", at="data kind"),
    Hint("batch batches minibatch sgd stream", "online", at="data kind"),
    Hint("normal random xavier glorot he kaiming lecun zeros uniform", says=_OTHER_START, at="init kind"),
    Hint(
        "cosine linear exponential polynomial step constant",
        says="a schedule is {start: 0.1, factor: 0.5, every: 1000}, {cosine: [0.1, 0]}, {linear: [0.1, 0]} or {power: "
        "[0.1, 0.5]}, a constant a number",
        at="step_size, weight_decay",
    ),
    Hint("spike spiked power_law powerlaw", says="write {spike: {strength: 4}} or {power_law: 1}", at="covariance"),
    Hint("diagonal", says="write the list of the d variances", at="covariance"),
    Hint("isotropic standard eye", "identity", at="covariance"),
    Hint("canonical standard basis identity coordinates", "axes", at="directions"),
    Hint("orthogonal haar", "orthonormal", at="directions"),
    Hint("spherical unit uniform_sphere unit_sphere mean_field", "sphere", at="init kind"),
    Hint("ones constant equal rademacher", says="a number c makes every a_j = c, {signs: c} ±c", at="second_layer"),
    Hint("mf meanfield 1/m mup", "mean_field", at="scaling"),
    Hint("lazy kernel tangent 1/sqrt(m) 1/√m", "ntk", at="scaling"),
    Hint("plain none", "standard", at="scaling"),
    Hint("sphere unit_sphere spherical unit_norm unit normalize_rows", "unit_rows", at="constraint"),
    Hint("mse mean_squared l2 square quadratic", "squared", at="loss"),
    Hint("corr correlational inner_product linear", "correlation", at="loss"),
    Hint("redraw resample reinitialize reinitialise reinit", "redraw_second_layer", at="then"),
    Hint("reset zero reset_second_layer", "zero_second_layer", at="then"),
    Hint("gpu cuda:0", "cuda", at="device"),
    Hint("double f64", "float64", at="precision"),
    Hint("single f32 half float16 bfloat16", "float32", at="precision"),
)

# what keys take that are not of one form
FORMS = {"covariance": "identity, a mapping or the list of the d variances"}
EXAMPLES = {
    "activation": "{name: relu}",
    "covariance": "{spike: {strength: 4}} or {power_law: 1}",
    "spike": "{strength: 4}",
    "inputs": "{covariance: {spike: {strength: 4}}}",
    "coefficients": "[0, 0, 0, 1] for z³",
    "data": "{kind: population}",
    "log": "{points: 300}",
    "init": "{kind: symmetric}",
    "stop": "{loss: 1e-9}",
    "student": "{width: 100}",
    "teacher": "{input_dim: 32, width: 3}",
    "polynomial": '"He3(x1)"',
    "output_weights": "{magnitude: [0.7, 1.3], sign: random}",
    "stages": "a name before each stage, as in first: {train: [first_layer], steps: 100, step_size: 0.1}",
    "train": "[first_layer, second_layer]",
    "then": "[balance]",
    "grid": "{student.width: [100, 200]}",
}
