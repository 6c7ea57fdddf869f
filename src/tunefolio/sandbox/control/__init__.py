"""The rehearsal's control panel: a page and an API that make things happen and go wrong."""
