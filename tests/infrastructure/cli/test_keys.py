"""`plangate keys`: issue, list and revoke, as text and in JSON; the token is shown once."""

from plangate.application.registry import PlanRegistry
from tests.infrastructure.cli.conftest import Plangate


def test_a_key_is_issued_listed_and_revoked(plangate: Plangate, registry: PlanRegistry) -> None:
    made = plangate("keys", "create", "night judge", "--scope", "plans:score", "--actor", "ann")
    assert made.exit_code == 0
    token, keep, revoke = made.stdout.splitlines()
    key = registry.keys.verify(token)
    assert keep == "Keep it now: it is not shown again. It allows plans:score until it is revoked."
    assert revoke.endswith(f"keys revoke {key.key_id}")

    listed = plangate("keys", "list").stdout
    for shown in (key.key_id, "night judge", "plans:score", "by ann", "in force"):
        assert shown in listed
    assert token.split("_")[2] not in listed

    gone = plangate("keys", "revoke", key.key_id, "--actor", "ben")
    assert gone.stdout.startswith(f"The key {key.key_id} (night judge): revoked 20")
    assert "by ben" in gone.stdout
    assert "revoked" in plangate("keys", "list").stdout
    assert not registry.keys.any_valid()


def test_keys_in_json_show_the_token_once(plangate: Plangate, registry: PlanRegistry) -> None:
    words = ("keys", "create", "ci", "--scope", "admin", "--scope", "plans:read")
    made = plangate(*words, "--expires-in", "30", "--json").json
    assert registry.keys.verify(made["token"]).name == "ci"
    assert made["key"]["scopes"] == ["plans:read", "admin"]
    assert made["key"]["expires_at"] is not None
    listed = plangate("keys", "list", "--json").json
    assert listed == {"keys": [made["key"]]}
    revoked = plangate("keys", "revoke", made["key"]["key_id"], "--json").json
    assert revoked["revoked_at"] is not None


def test_an_unknown_key_and_bad_terms_are_refused(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    assert registry.history.last_position() == 0
    assert plangate("keys", "list").stdout == "There are no API keys.\n"
    unknown = plangate("keys", "revoke", "nothing", "--json")
    assert (unknown.exit_code, unknown.error["type"]) == (3, "KeyNotFound")
    assert plangate("keys", "create", "ci").exit_code == 2
    assert plangate("keys", "create", "ci", "--scope", "all").exit_code == 2
    assert (
        plangate("keys", "create", "ci", "--scope", "admin", "--expires-in", "1e99").exit_code == 2
    )
    expired = plangate("keys", "create", "ci", "--scope", "admin", "--expires-in", "0")
    assert expired.exit_code == 3
    assert "expires_at: must be in the future" in expired.stderr


def test_keys_of_a_missing_store_are_not_listed(plangate: Plangate) -> None:
    assert "no store" in plangate("keys", "list").stderr
