"""Every line of the notes, and what shows it."""
