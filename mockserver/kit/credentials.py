"""What is accepted as a credential: the names that providers declare for them, and the values in a scenario.

A provider declares its headers with `key_headers` and `security`, and fields of its models with `SECRET`.
"""

from collections.abc import Collection, Iterator, Mapping

from pydantic import BaseModel

from mockserver.core.compile import Program
from mockserver.core.masking import secrets_in
from mockserver.core.scenario import SECRET, AccountSpec
from mockserver.kit.provider import Provider


def credential_names(providers: Collection[Provider]) -> frozenset[str]:
    """Return the names of all headers, parameters and fields that providers accept credentials in."""
    return frozenset(name for provider in providers for name in _names_of(provider))


def _names_of(provider: Provider) -> Iterator[str]:
    yield from provider.key_headers
    yield from (str(scheme["name"]) for scheme in provider.security.values() if "name" in scheme)
    models = [provider.options_model]
    for operation in provider.operations:
        models += [model for model in (operation.body, operation.query) if model is not None]
    for model in models:
        yield from secret_fields(model)


def secret_fields(model: type[BaseModel]) -> Iterator[str]:
    """Yield the names of the fields of a model that are credentials."""
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, Mapping) and extra.items() >= SECRET.items():
            yield field.alias or name


def credentials_in(program: Program) -> tuple[str, ...]:
    """Return the keys and secrets that a scenario contains. Patterns of keys are none."""
    found = [spec.key for spec in program.accounts]
    found += [spec.webhook.secret for spec in program.accounts if spec.webhook is not None and _own_secret(spec)]
    found += secrets_in(program.options)
    return tuple(dict.fromkeys(value for value in found if "*" not in value))


def _own_secret(spec: AccountSpec) -> bool:
    # The default secret is public.
    return spec.webhook is not None and "secret" in spec.webhook.model_fields_set
