"""The same test module gets the same verdicts from every runner, and from Twisted's trial."""

from __future__ import annotations

import pytest

ERROR, FAILED, PASSED, SKIPPED, TODO = "error", "failed", "passed", "skipped", "todo"

STILL = "still running at"

#: test -> what unittest calls it, and a text that has to be in what it says of it
EXPECTED = {
    "Waiting.test_deferred_passes": (PASSED, ""),
    "Waiting.test_deferred_later": (PASSED, ""),
    "Waiting.test_fails_in_callback": (FAILED, "1 != 2"),
    "Waiting.test_error_in_callback": (ERROR, "ZeroDivisionError: division by zero"),
    "Waiting.test_failed_deferred": (ERROR, "KeyError: 'never raised'"),
    "Waiting.test_coroutine_passes": (PASSED, ""),
    "Waiting.test_coroutine_fails": (FAILED, "in a coroutine"),
    "Waiting.test_inline_callbacks_pass": (PASSED, ""),
    "Waiting.test_inline_callbacks_fail": (FAILED, "in a generator"),
    "Waiting.test_generator": (ERROR, "is a generator function and therefore will never run"),
    "Waiting.test_assert_failure": (PASSED, ""),
    "Waiting.test_assert_failure_missed": (FAILED, "did not catch an error, instead got 6"),
    "Waiting.test_reactor_runs": (PASSED, ""),
    "Waiting.test_results_of": (PASSED, ""),
    "TimeOuts.test_never_fires": (ERROR, f"(test_never_fires) {STILL} 0.05 secs"),
    "TimeOuts.test_class_timeout": (ERROR, f"(test_class_timeout) {STILL} 0.2 secs"),
    "TimeOuts.test_waits_for_another": (ERROR, f"(test_waits_for_another) {STILL} 0.2 secs"),
    "TimeOuts.test_in_time": (PASSED, ""),
    "TimeOuts.test_coroutine_is_unwound": (ERROR, f"{STILL} 0.2 secs"),
    "TimeOuts.test_cleanup_never_ends": (ERROR, f"(cleanup function Deferred) {STILL} 0.2 secs"),
    "TimeOuts.test_errback_takes_it": (PASSED, ""),
    "SlowSetUp.test_not_reached": (ERROR, f"(setUp) {STILL} 0.05 secs"),
    "Fixtures.test_order": (PASSED, ""),
    "BadFixtures.test_setup_fails": (ERROR, "setUp fails"),
    "BadFixtures.test_teardown_fails": (ERROR, "ValueError: tearDown fails"),
    "BadFixtures.test_cleanup_fails": (ERROR, "ZeroDivisionError: division by zero"),
    "BadFixtures.test_cleanup_skips": (ERROR, "too late"),
    "BadFixtures.test_all_fail_teardown": ([ERROR, FAILED], "the test fails first"),
    "Unclean.test_delayed_call": (ERROR, "Reactor was unclean.\n"),
    "Unclean.test_call_is_gone": (PASSED, ""),
    "Unclean.test_due_call_is_clean": (PASSED, ""),
    "Unclean.test_open_port": (ERROR, "Reactor was unclean.\n"),
    "Unclean.test_port_is_gone": (PASSED, ""),
    "Unclean.test_closed_port": (PASSED, ""),
    "LoggedErrors.test_logged": (ERROR, "ZeroDivisionError: logged"),
    "LoggedErrors.test_next_is_free": (PASSED, ""),
    "LoggedErrors.test_flushed": (PASSED, ""),
    "LoggedErrors.test_flushed_another": (ERROR, "ZeroDivisionError: logged"),
    "LoggedErrors.test_in_delayed_call": (ERROR, "ZeroDivisionError: division by zero"),
    "LoggedErrors.test_forgotten_deferred": (ERROR, "ZeroDivisionError: forgotten"),
    "LoggedErrors.test_forgotten_cycle": (ERROR, "ZeroDivisionError: forgotten"),
    "Skips.test_raised": (SKIPPED, "raised"),
    "Skips.test_raised_pyunit": (SKIPPED, "raised pyunit"),
    "Skips.test_called": (SKIPPED, "called"),
    "Skips.test_marked": (SKIPPED, "marked"),
    "Skips.test_decorated": (SKIPPED, "decorated"),
    "Skips.test_later": (SKIPPED, "later"),
    "ClassSkip.test_it": (SKIPPED, "class"),
    "SetUpSkip.test_it": (SKIPPED, "in setUp"),
    "Todos.test_fails": (TODO, ""),
    "Todos.test_errors_later": (TODO, ""),
    "Todos.test_other_error": (ERROR, "KeyError: 'another'"),
    "Todos.test_passes": ("unexpected", ""),
    "Synchronous.test_passes": (PASSED, ""),
    "Synchronous.test_fails": (FAILED, "1 not in [2]"),
    "Synchronous.test_logged": (ERROR, "ZeroDivisionError: logged"),
    "Synchronous.test_exits": (ERROR, "SystemExit: 3"),
    "Warnings.test_flushed": (PASSED, ""),
    "Warnings.test_not_flushed": (PASSED, ""),
    "Warnings.test_suppressed": (PASSED, ""),
    "Warnings.test_assert_warns": (PASSED, ""),
    "Patches.test_a_patch": (PASSED, ""),
    "Patches.test_b_restored": (PASSED, ""),
    "ClassFixtures.test_beside": (PASSED, ""),
    "Last.test_reactor_still_runs": (PASSED, ""),
}

#: Where trial itself says something else; docs/differences/testing.rst has the reasons.
TRIAL_DIFFERS = {
    # passes, and the error turns up in a later test
    "LoggedErrors.test_forgotten_cycle": [PASSED],
    # a success and an error
    "Unclean.test_open_port": [ERROR, PASSED],
}


def as_list(words: object) -> list[str]:
    return words if isinstance(words, list) else [str(words)]


@pytest.mark.parametrize("name", EXPECTED)
def test_unittest_says(outcomes, name):
    words, text = EXPECTED[name]
    found = outcomes("unittest")
    assert found.words(name) == as_list(words)
    assert text in found.text(name)


@pytest.mark.parametrize("name", EXPECTED)
def test_pytest_says(outcomes, name):
    words, text = EXPECTED[name]
    # pytest knows no difference between the two
    words = sorted({FAILED if word == ERROR else word for word in as_list(words)})
    found = outcomes("pytest")
    assert found.words(name) == words
    assert text in found.text(name)


@pytest.mark.parametrize("name", EXPECTED)
def test_trial_says_the_same_of_its_own_cases(outcomes, name):
    words, _ = EXPECTED[name]
    found = outcomes("twisted")
    if name.startswith("Synchronous."):  # trial charges one of them with an earlier test's error
        assert set(as_list(words)) <= set(found.words(name))
    else:
        assert found.words(name) == TRIAL_DIFFERS.get(name, as_list(words))


@pytest.mark.parametrize("name", EXPECTED)
def test_trial_runs_our_cases(outcomes, name):
    words, text = EXPECTED[name]
    found = outcomes("trial")
    assert found.words(name) == as_list(words)
    assert text in found.text(name)


@pytest.mark.parametrize("runner", ["unittest", "pytest", "trial"])
def test_nothing_else_was_run(outcomes, runner):
    assert set(outcomes(runner).verdicts) == set(EXPECTED)


@pytest.mark.parametrize("runner", ["unittest", "pytest"])
def test_a_run_with_bad_tests_fails(outcomes, runner):
    assert outcomes(runner).status == 1


@pytest.mark.parametrize("runner", ["unittest", "pytest"])
def test_a_warning_that_nobody_takes_back_is_shown(outcomes, runner):
    output = outcomes(runner).output
    assert output.count("UserWarning: a warning that is shown") == 1
    assert "about this" not in output
    assert "UserWarning: a warning that is suppressed" not in output


@pytest.mark.parametrize("runner", ["unittest", "pytest"])
def test_what_was_not_reached_did_not_run(outcomes, runner):
    assert "this must not run\n" not in outcomes(runner).output


@pytest.mark.parametrize("runner", ["unittest", "pytest"])
def test_reports_show_the_test_and_not_the_machinery(outcomes, runner):
    for name in ("Waiting.test_fails_in_callback", "Waiting.test_coroutine_fails"):
        text = outcomes(runner).text(name)
        assert "sample" in text
        assert "_synctest.py" not in text
        assert "_asynctest.py" not in text
