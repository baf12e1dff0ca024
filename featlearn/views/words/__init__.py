"""Labels, numbers and colours that all views share."""
