"""What all tests share: the sentences of the features."""

pytest_plugins = ["tests.steps.givens", "tests.steps.whens", "tests.steps.thens"]
