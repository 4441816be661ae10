"""The findings about files in the forms that people, editors and continuous integration read."""
