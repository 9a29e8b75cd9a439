"""The yardstick: a bare Falcon application that says hello, on the same server as the service."""

import threading

import falcon

from entrypoints.serving import bind, serve


class Hello:
    """Says hello."""

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """A few bytes of JSON."""
        response.media = {"hello": "world"}


if __name__ == "__main__":
    app = falcon.App()
    app.add_route("/hello", Hello())
    serve(app, bind("127.0.0.1", 0), 8, threading.Event())
