"""Scripts that train the models that come with the package; each can be run again from a clone."""
