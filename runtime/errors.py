"""What is wrong with a configuration, told so that it can be put right."""

from oadr.errors import OpenADRError


class ConfigError(OpenADRError):
    """A configuration cannot be used.

    Attributes:
        problem: what is wrong, and what was expected.
        key: dotted path of the key, empty if no single key is to blame.
        file: the file, empty if it came from elsewhere.
    """

    def __init__(self, problem: str, *, key: str = "", file: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.key = key
        self.file = file

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.key) if part)
        return f"{where}: {self.problem}" if where else self.problem

    def below(self, key: str) -> "ConfigError":
        """Returns the error of a section as one of the configuration that the section is in.

        Args:
            key: dotted path of the section.
        """
        whole = ".".join(part for part in (key, self.key) if part)
        return ConfigError(self.problem, key=whole, file=self.file)
