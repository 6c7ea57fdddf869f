"""Example answers of the routes of the person herself, second factors, passkeys and proofs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AT = "2026-11-20T14:00:00+05:30"
_CODES = ["k3m9qz-7htx2p-d4vw8n-c6bjry", "p8r2fw-m5kc9t-x3zq7h-v4ndgy"]
_SHOWN_ONCE = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_URI = f"otpauth://totp/TuneFolio%20localhost:asha%40example.org?secret={_SHOWN_ONCE}"
_OPTIONS = {
    "challenge": "S0VPR3dZc1ZfZ0xKT2pQ",
    "rpId": "localhost",
    "timeout": 60000,
    "userVerification": "required",
    "allowCredentials": [],
}

_ME = {
    "id": 1,
    "name": "Asha",
    "email": "asha@example.org",
    "email_confirmed_at": _AT,
    "email_wanted": None,
    "role": "member",
    "created_at": _AT,
    "theme": "system",
    "signs_in_by": {"password": True, "authenticator": True, "passkeys": 1, "provider": None},
}

FACTORS: Mapping[tuple[str, str], Any] = {
    ("GET", "/me"): _ME,
    ("PATCH", "/me"): _ME,
    ("POST", "/email/verify"): {"link_comes_by": "mail"},
    ("POST", "/email/change"): {"link_comes_by": "mail"},
    ("POST", "/email/confirm"): {"email": "asha@example.org"},
    ("POST", "/password/forgot"): {"link_comes_by": "mail"},
    ("GET", "/factors"): {
        "authenticator": True,
        "authenticator_since": _AT,
        "recovery_codes_left": 9,
        "passkeys": 1,
        "email_confirmed_at": _AT,
    },
    ("POST", "/factors/authenticator"): {"secret": _SHOWN_ONCE, "uri": _URI, "qr": "<svg …"},
    ("POST", "/factors/authenticator/confirm"): {"recovery_codes": _CODES},
    ("POST", "/factors/recovery-codes"): {"recovery_codes": _CODES},
    ("GET", "/proof"): {"proved_until": "2026-11-20T14:15:00+05:30"},
    ("POST", "/proof"): {"proved_until": "2026-11-20T14:15:00+05:30"},
    ("POST", "/proof/options"): _OPTIONS,
    ("GET", "/passkeys"): {
        "data": [
            {
                "id": 3,
                "name": "Phone",
                "created_at": _AT,
                "used_at": _AT,
                "transports": ["internal", "hybrid"],
            }
        ]
    },
    ("POST", "/passkeys"): {"id": 3, "name": "Phone"},
    ("POST", "/passkeys/options"): {
        "challenge": "S0VPR3dZc1ZfZ0xKT2pQ",
        "rp": {"id": "localhost", "name": "TuneFolio"},
        "user": {"id": "MQ", "name": "asha@example.org", "displayName": "Asha"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "timeout": 60000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    },
    ("POST", "/session/passkey"): {
        "person": {"id": 1, "name": "Asha", "email": "asha@example.org", "role": "member"},
        "expires_at": "2026-12-20T14:00:00+05:30",
    },
    ("POST", "/session/passkey/options"): _OPTIONS,
}
