from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@pytest.fixture
def custody(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.fixture
def case(custody: CommandLine) -> CommandLine:
    custody.init()
    return custody
