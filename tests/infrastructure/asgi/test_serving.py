"""Where a server listens."""

import socket

import pytest

from plangate.domain.errors import InvalidInput
from plangate.infrastructure.asgi.serving import listening, url_of


def test_a_port_that_is_taken_is_refused_by_its_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InvalidInput, match=f"cannot listen on 127.0.0.1:{port}: "):
            listening("127.0.0.1", port)


def test_the_address_is_that_of_the_port_that_was_free() -> None:
    with listening("127.0.0.1", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"
