"""What differs between configurations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """A field and its value in each column; None is "not recorded"."""

    field: str
    values: tuple[object, ...]

    @property
    def is_one(self) -> bool:
        """Whether there is a difference at all."""
        return not all(_same(self.values[0], value) for value in self.values[1:])

    def differs_from_first(self, column: int) -> bool:
        """Whether this column's value is another one than the first column's."""
        return not _same(self.values[0], self.values[column])


def compare(
    columns: Sequence[Mapping[str, object]], *, fields: Sequence[str] | None = None
) -> tuple[Difference, ...]:
    """The fields in which the columns are not all the same, in the order of `fields` or of appearance.

    A missing field is None, and that is a value of its own: "not recorded" differs from every number.
    """
    return tuple(row for row in side_by_side(columns, fields=fields) if row.is_one)


def side_by_side(
    columns: Sequence[Mapping[str, object]], *, fields: Sequence[str] | None = None
) -> tuple[Difference, ...]:
    """All fields, those that are the same everywhere among them."""
    names = fields if fields is not None else dict.fromkeys(name for column in columns for name in column)
    return tuple(Difference(name, tuple(column.get(name) for column in columns)) for name in names)


def changed_from(base: Mapping[str, object], new: Mapping[str, object]) -> tuple[Difference, ...]:
    """What `new` changes of `base`; each difference holds the old and the new value."""
    return compare((base, new))


def _same(one: object, other: object) -> bool:
    # Python takes True for 1 and NaN for different from itself; a reader of a table does neither.
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other or (one != one and other != other)
