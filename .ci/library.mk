# Targets of the repository that slipway/ is made in, and that no project has.
.PHONY: prove bench test-deep

prove: .venv/.dev ## Disable each gate in turn, in a copy, and require that one of its tests fails
	@$(RUN) -m tests.slipway.proof.prove

test-deep: .venv/.dev ## Run the longest tests, those that `make test-full` leaves out too
	@$(PYTEST) -m deep

bench: .venv/.dev ## Measure what the README claims
	@for file in benchmarks/bench_*.py; do echo "$$file"; $(RUN) "$$file" || exit 1; done
