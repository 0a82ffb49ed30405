"""Whatever a file says, the answer is a configuration or located problems in our words."""

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from storescpd.config import Config, ConfigError, Environment, parse
from storescpd.config.keys import ARRAYS, top_sections

words = st.sampled_from(
    ["", "none", "study", "all", "full", "0640", "1 GiB", "2 min", "::1", "10.0.0.0/8", "1.2.840.10008.1.1", "CT*",
     "#f", "s3://b/x", "postgresql://h/d", "credential:x", "TLS_AES_128_GCM_SHA256", "dicom", "/srv", "journald",
     "\\", "\x00", "http://[", "a:b", "{x}", "%s", "é"]
)  # fmt: skip
scalars = st.one_of(
    words,
    st.text(max_size=5),
    st.booleans(),
    st.integers(-5, 10),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
)
names = st.sampled_from(
    sorted({name for section in top_sections().values() for name in section.model_fields} | set(top_sections()))
)
keys = names | st.text(max_size=4)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)


def table(section):
    fitting = {name: scalars | st.just([]) | st.just({}) | values for name in section.model_fields}
    return st.fixed_dictionaries({}, optional=fitting)


sections = {
    name: st.lists(table(section), max_size=3) if name in ARRAYS else table(section)
    for name, section in top_sections().items()
}
documents = st.fixed_dictionaries({}, optional=sections) | st.dictionaries(keys, values, max_size=3)


@given(documents, st.booleans())
def test_configurations_or_problems(document, service):
    text = tomli_w.dumps(document)
    lines = text.split("\n")
    environment = Environment(service=service, daemon=service, inetd=service)
    try:
        assert isinstance(parse(text, "x", environment), Config)
    except ConfigError as error:
        for problem in error.problems:
            assert problem.key
            assert problem.message
            assert problem.remedy
            assert "this value cannot be used" not in problem.message
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


@given(st.text(st.characters(codec="utf-8"), max_size=40) | st.text("a[]{}=\"'#.,\n \\-1", max_size=25))
def test_any_text(text):
    problems = ()
    try:
        parse(text, "x")
    except ConfigError as error:
        problems = error.problems
    assert all(problem.line >= 1 and problem.column >= 1 and problem.remedy for problem in problems)
