"""The pages that show plans in a browser, live."""
