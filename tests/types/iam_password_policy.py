"""What the tests know of the password policy of an account."""

from tests.support.answers import or_error
from tests.types import Expected

EXPECTED = Expected(
    arn="*",
    read=lambda session, _: {"policy": or_error(session.client("iam").get_account_password_policy)},
    tag=None,
    names={
        "111122223333": "111122223333",
        "arn:aws:iam::111122223333:password-policy": "111122223333",
    },
    elsewhere={"arn:aws:iam::999999999999:password-policy": "account"},
    not_in_config="Config has no type for a password policy.",
    read_one_by_one=("iam:GetAccountPasswordPolicy",),
    rarely_read={
        "iam:GetAccountSummary": "counts the users, where the settings exempt accounts that have none",
    },
    rarely_undone={
        "iam:DeleteAccountPasswordPolicy": "where the account had no password policy, which the example has",
    },
)
