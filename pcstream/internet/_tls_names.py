"""Distinguished names: who a certificate is about, and who has issued it."""

from __future__ import annotations

import re
from typing import Any

from cryptography.x509 import Name, NameAttribute
from cryptography.x509.oid import NameOID

_FIELDS = {
    "commonName": NameOID.COMMON_NAME,
    "organizationName": NameOID.ORGANIZATION_NAME,
    "organizationalUnitName": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "localityName": NameOID.LOCALITY_NAME,
    "stateOrProvinceName": NameOID.STATE_OR_PROVINCE_NAME,
    "countryName": NameOID.COUNTRY_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
_FIELD_OF = {oid: field for field, oid in _FIELDS.items()}

_x509names = {
    "CN": "commonName",
    "O": "organizationName",
    "OU": "organizationalUnitName",
    "L": "localityName",
    "ST": "stateOrProvinceName",
    "C": "countryName",
    **{field: field for field in _FIELDS},
}

# Wide enough for "Organizational Unit Name", the longest.
_LABEL_COLUMNS = 26


def _label(field: str) -> str:
    """``State Or Province Name`` for ``stateOrProvinceName``."""
    words = re.sub("([A-Z])", r" \1", field)
    return words[:1].upper() + words[1:]


class DistinguishedName(dict[str, bytes]):
    """The fields of a name, each under its long name; its short one (``CN``) works as well.

    Each field can be read and set as an attribute. Values are bytes; text is encoded in UTF-8.
    """

    __slots__ = ()

    def __init__(self, **kw: bytes | str) -> None:
        for field, value in kw.items():
            setattr(self, field, value)

    @classmethod
    def _of(cls, name: Name, *, strict: bool = False) -> DistinguishedName:
        """The fields of *name* that are known here.

        :raises ValueError: there is another, and *strict*.
        """
        made = cls()
        for attribute in name:
            field = _FIELD_OF.get(attribute.oid)
            if field is not None:
                setattr(made, field, attribute.value)
            elif strict:
                raise ValueError(f"{attribute.oid} is no known field of a name")
        return made

    def _name(self) -> Name:
        return Name(
            [NameAttribute(_FIELDS[field], value.decode("utf-8")) for field, value in self.items()]
        )

    def __repr__(self) -> str:
        return f"<DN {dict.__repr__(self)[1:-1]}>"

    def __getattr__(self, attr: str) -> bytes:
        try:
            return self[_x509names[attr]]
        except KeyError:
            raise AttributeError(attr)

    def __setattr__(self, attr: str, value: Any) -> None:
        if attr not in _x509names:
            raise AttributeError(f"{attr} is not a valid OpenSSL X509 name field")
        self[_x509names[attr]] = value.encode("utf-8") if isinstance(value, str) else value

    def inspect(self) -> str:
        """A line for each field, for people."""
        labelled = sorted(
            (_label(field), value.decode("utf-8", "replace")) for field, value in self.items()
        )
        return "\n".join(f"{label.rjust(_LABEL_COLUMNS)}: {text}" for label, text in labelled)


DN = DistinguishedName
