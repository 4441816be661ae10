"""Which of posthog-python's own tests run with adopted clients: those of flags, contexts and capture."""

from typing import Final

__all__ = ["MODULES", "NOT_RUN"]

MODULES: Final = [
    f"posthog/test/test_{name}.py"
    for name in (
        "before_send",
        "client",
        "client_crap_flags",
        "contexts",
        "evaluate_flags",
        "failed_flag_records",
        "feature_flag_called_minimization",
        "feature_flag_has_experiment",
        "feature_flag_result",
        "feature_flags",
        "feature_flags_regex",
        "flag_cache_eviction_reads",
        "flag_cache_publication",
        "flag_definition_cache",
        "flag_payload_parsing",
        "module",
        "property_matching_version",
        "redis_flag_cache_snapshot",
    )
]

NOT_RUN: Final = {
    "make no client": [
        "TestMatchProperties",
        "TestCohortMatching",
        "TestDateParsing",
        "TestRelativeDateParsing",
        "TestUnresolvedReasons",
        "TestModuleLevelWrappers",
        "test_match_property",
        "test_match_cohort",
        "test_parse_failure_logs_without_payload",
    ],
    "fail without adopt too, where packages are installed below the tests": [
        "test_basic_capture_exception_with_no_exception_given",
    ],
    "need an asynchronous test runner": ["test_failed_async_snapshot_honors_default"],
    "measure seconds": [
        "subprocess",
        "test_user_defined_flush_at",
        "test_capture_multiple_users_doesnt_out_of_memory",
    ],
}
"""Parts of the names of tests that are left out, by the reason."""
