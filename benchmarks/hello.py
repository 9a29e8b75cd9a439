"""The yardstick: a bare Falcon application that says hello, on the same server as the service."""

from typing import Any

import falcon

from benchmarks.serving import serve_like_kassa


class Hello:
    """Says hello."""

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """A few bytes of JSON."""
        response.media = {"hello": "world"}


def hello() -> falcon.App[Any, Any]:
    """It says nothing else."""
    app = falcon.App()
    app.add_route("/hello", Hello())
    return app


if __name__ == "__main__":
    serve_like_kassa(hello)
