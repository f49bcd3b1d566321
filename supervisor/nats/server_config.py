"""The users of a fleet as a part of nats-server's configuration.

Hosts and operators share the account FLEET, which alone has JetStream. Each tenant has an account
of its own that imports what it may use. Permissions alone would not keep tenants apart: they do
not look at the subject that an answer is to go to, and a tenant could have the servers themselves
write where it may not. From one account into another an answer finds its way back, and nothing
else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from supervisor.wire.fleet.permissions import (
    HEARD,
    INBOX,
    QUESTIONS,
    SHARED,
    Rights,
    Role,
    conversations,
    requests,
    rights,
)

ACCOUNT: Final = "FLEET"
"""Account of the hosts and operators."""

_QUESTION: Final = 'response: Stream, threshold: "10s"'
_CONVERSATION: Final = 'response: Stream, threshold: "2m"'
"""Several may answer, or one many times. Without the threshold the servers remember the way back of
each message (1 kB) for as long as who sent it listens; a conversation is kept alive by its PINGs.
"""

_HEAD: Final = """\
# Users of a fleet, written by `supervisor fleet auth`; it is overwritten there.
# Include it in the configuration of each server, and have them read it again:
#
#   include "users.conf"
#   nats-server --signal reload
"""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the servers. `key` is its public nkey."""

    name: str
    role: Role
    key: str
    tenant: str = "default"


def tenant_account(tenant: str) -> str:
    """The account of a tenant."""
    return f"TENANT_{tenant}"


def server_config(users: Iterable[User]) -> str:
    """The part of the configuration that lets these users in, and nobody else."""
    users = sorted(users, key=lambda user: (user.role, user.tenant, user.name))
    tenants = sorted({user.tenant for user in users if user.role == "gateway"})
    own = [user for user in users if user.role != "gateway"]
    lines = [
        _HEAD,
        "accounts {",
        f"  {ACCOUNT} {{",
        "    jetstream: enabled",
        *_users(own),
        "    exports: [",
        *(f"      {line}" for line in _exports(tenants)),
        "    ]",
        "  }",
    ]
    for tenant in tenants:
        lines += [
            f"  {_quoted(tenant_account(tenant))} {{",
            *_users([user for user in users if user.role == "gateway" and user.tenant == tenant]),
            "    imports: [",
            *(f"      {line}" for line in _imports(tenant)),
            "    ]",
            "  }",
        ]
    return "\n".join([*lines, "}", ""])


def permissions(given: Rights, indent: str = "") -> str:
    """Rights as the value of `permissions` of a user."""
    answers = f"{indent}  allow_responses: {{ max: -1, expires: 1h }}\n" if given.answers else ""
    return (
        "{\n"
        f"{indent}  publish: {{ allow: {_list(given.publish, indent)} }}\n"
        f"{indent}  subscribe: {{ allow: {_list(given.subscribe, indent)} }}\n"
        f"{answers}{indent}}}"
    )


def _users(users: list[User]) -> Iterator[str]:
    yield "    users: ["
    for user in users:
        given = rights(user.role, user.name, user.tenant, f"{INBOX}.{user.key}")
        yield f"      # {user.role} {user.name}"
        yield f"      {{ nkey: {user.key}, permissions: {permissions(given, '      ')} }}"
    yield "    ]"


def _exports(tenants: list[str]) -> Iterator[str]:
    if tenants:
        to = f"accounts: [{', '.join(_quoted(tenant_account(tenant)) for tenant in tenants)}]"
        for subject in SHARED:
            yield f"{{ service: {_quoted(subject)}, {to} }}"
        for subject in QUESTIONS:
            yield f"{{ service: {_quoted(subject)}, {_QUESTION}, {to} }}"
        for subject in HEARD:
            yield f"{{ stream: {_quoted(subject)}, {to} }}"
    for tenant in tenants:
        to = f"accounts: [{_quoted(tenant_account(tenant))}]"
        for subject in requests(tenant):
            yield f"{{ service: {_quoted(subject)}, {to} }}"
        for subject in conversations(tenant):
            yield f"{{ service: {_quoted(subject)}, {_CONVERSATION}, {to} }}"


def _imports(tenant: str) -> Iterator[str]:
    for subject in (*requests(tenant), *conversations(tenant), *SHARED, *QUESTIONS):
        yield f"{{ service: {{ account: {ACCOUNT}, subject: {_quoted(subject)} }} }}"
    for subject in HEARD:
        yield f"{{ stream: {{ account: {ACCOUNT}, subject: {_quoted(subject)} }} }}"


def _list(subjects: tuple[str, ...], indent: str) -> str:
    items = f",\n{indent}    ".join(_quoted(subject) for subject in subjects)
    return f"[\n{indent}    {items}\n{indent}  ]"


def _quoted(text: str) -> str:
    return f'"{text}"'
