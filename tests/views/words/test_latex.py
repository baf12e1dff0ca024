"""Texts for LaTeX say what they said."""

from featlearn.views.words.latex import in_latex, in_signs, with_subscripts


def test_what_latex_reads_as_commands_is_escaped() -> None:
    assert in_latex(r"50 % of $x_1 & {y}\z") == r"50 \% of \$x\_1 \& \{y\}\textbackslash{}z"
    assert in_latex("one\n two") == "one two"


def test_signs_of_mathematics_are_commands() -> None:
    assert in_latex("Δ = 25°, λ ≤ 1") == r"$\Delta$ = 25$^\circ$, $\lambda$ $\le$ 1"
    assert in_latex("‖∇L_λ‖² above J*_λ") == r"$\Vert$$\nabla$$L_\lambda$$\Vert$$^2$ above $J^*_\lambda$"


def test_subscripts_are_subscripts_in_figures() -> None:
    assert with_subscripts("‖∇L_λ‖² for $5") == r"‖∇$L_\lambda$‖² for \$5"


def test_teacher_lines_are_written_as_mathematics() -> None:
    assert in_signs("optimum gains w*1 and w*12") == "optimum gains $w^*_{1}$ and $w^*_{12}$"
