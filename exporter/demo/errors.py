"""Errors in the documented form: a status, a type and a sentence.

API reference, "Errors": `{"type": "error", "error": {"type", "message"}, "request_id"}`.
"""

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class ApiError(Exception):
    """An answer that is an error. `retry_after` is in seconds."""

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after

    def document(self, request_id: str) -> dict[str, object]:
        """Return the JSON body."""
        error = {"type": TYPES[self.status], "message": self.message}
        return {"type": "error", "error": error, "request_id": request_id}

    def headers(self) -> dict[str, str]:
        """Return the headers this error brings along."""
        return {} if self.retry_after is None else {"retry-after": str(self.retry_after)}


def bad_request(message: str) -> ApiError:
    """Return the error for a wrong parameter."""
    return ApiError(400, message)
