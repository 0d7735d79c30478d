.PHONY: unit
unit: $(TEST_BIN) ## build and run the C unit tests (V=release|asan|tsan|stress)
	@bash tools/run-unit-tests.sh $(TEST_BIN)

.PHONY: lib
lib: $(LIB) ## build the runtime library

.PHONY: format
format: ## format the C sources with clang-format-19
	@clang-format-19 -i $$(git ls-files '*.c' '*.h')

.PHONY: clean
clean: ## remove everything built
	rm -rf out
