"""Creating accounts."""

import re
import uuid

from sqlalchemy.exc import IntegrityError

from api.database import now, writing
from api.errors import OperatorError
from api.models import Account

# Enough to catch a slip of the hand; only a mail that arrives proves an address (RFC 5321, section 4.1.2).
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")


def create(email: str, operator: bool = False) -> Account:
    """Create an account, that of an operator or not. Raises OperatorError when the address is not one, or taken."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise OperatorError(f"“{email}” is not an e-mail address.")
    account = Account(uuid=str(uuid.uuid4()), email=email, operator=operator, created_at=now())
    try:
        with writing() as session:
            session.add(account)
    except IntegrityError as error:
        raise OperatorError(f"The account {email} exists already.") from error
    return account
