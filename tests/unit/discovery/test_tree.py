"""Trees, nets and alignments agree on what a model allows."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mining.alignment.align import align
from mining.discovery.fits import fitting
from mining.discovery.net import petri_net
from mining.discovery.tree import Operator, Tree, read_tree

OPERATORS: st.SearchStrategy[Operator] = st.sampled_from(("sequence", "exclusive", "parallel", "inclusive", "loop"))


@st.composite
def trees(draw: st.DrawFn, names: str = "abcde", depth: int = 3) -> Tree:
    """With every activity once at most."""
    if depth == 0 or len(names) < 2 or draw(st.booleans()):
        return Tree(activity=draw(st.sampled_from([names[0], None])) if names else None)
    cut = draw(st.integers(1, len(names) - 1))
    children = (draw(trees(names[:cut], depth - 1)), draw(trees(names[cut:], depth - 1)))
    return Tree(draw(OPERATORS), None, children)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees(), st.lists(st.text("abcde", max_size=5).map(tuple), min_size=1, max_size=12, unique=True))
def test_a_path_fits_where_its_alignment_costs_nothing(tree: Tree, paths: list[tuple[str, ...]]) -> None:
    assert read_tree(tree.document()) == tree
    found = align(petri_net(tree), dict.fromkeys(paths, 1))
    costs = {item.path: item.cost for item in found.items}
    assert fitting(tree, paths) == [costs[path] == 0 for path in paths]


def test_an_activity_that_stands_twice_leaves_open_what_fits() -> None:
    assert fitting(Tree("sequence", None, (Tree(activity="a"), Tree(activity="a"))), [("a", "a")]) is None


def test_trees_read_as_in_the_literature() -> None:
    tree = Tree("sequence", None, (Tree(activity="it's"), Tree("loop", None, (Tree(activity="b"), Tree()))))
    assert str(tree) == "->( 'it\\'s', *( 'b', tau ) )"
