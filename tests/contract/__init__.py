"""What every port promises, asked of each adapter behind it."""
