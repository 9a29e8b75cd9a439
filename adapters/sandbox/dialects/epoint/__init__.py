"""epoint.az: signed base64 in, JSON out, callbacks to one configured address."""
