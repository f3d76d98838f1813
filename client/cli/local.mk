# client/cli/
