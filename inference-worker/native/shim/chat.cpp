// Chat templates: llama.cpp's Jinja engine renders the messages, and its parsers take a model's answer apart.
#include "shim.h"

#include "chat.h"
#include "common.h"
#include "json.h"

#include <memory>
#include <stdexcept>

struct fleetops_chat_template {
    common_chat_templates_ptr templates;
};

struct fleetops_chat_parser {
    common_chat_parser_params params;
};

namespace {

// llama.cpp parses expressions by recursion, so a template of nothing but brackets would exhaust the stack.
constexpr size_t MAX_NESTING = 200;

void check_nesting(const char * source) {
    size_t depth = 0;
    bool   code  = false;
    for (; *source != '\0'; source++) {
        if (*source == '{' && (source[1] == '{' || source[1] == '%')) {
            code = true;
            source++;
        } else if (code && strchr("([{", *source) != nullptr) {
            depth++;
        } else if ((*source == '}' || *source == '%') && source[1] == '}') {
            code  = false;
            depth = 0;
            source++;
        } else if (code && depth > 0 && strchr(")]}", *source) != nullptr) {
            depth--;
        }
        if (depth > MAX_NESTING) {
            throw std::runtime_error("an expression nests its brackets deeper than " + std::to_string(MAX_NESTING));
        }
    }
}

// common_chat_templates_init logs what is wrong with a template and throws an exception without it, so the template is
// parsed here first.
void check(const char * source) {
    if (source != nullptr && *source != '\0') {
        check_nesting(source);
        jinja::lexer lexer;
        jinja::parse_from_tokens(lexer.tokenize(source));
    }
}

common_chat_templates_inputs inputs_of(const common_chat_templates * templates, const common_json & request) {
    common_chat_templates_inputs inputs;
    inputs.messages = common_chat_msgs_parse_oaicompat(request.at("messages"));
    if (request.contains("tools")) {
        inputs.tools = common_chat_tools_parse_oaicompat(request.at("tools"));
    }
    if (request.contains("json_schema")) {
        inputs.json_schema = request.at("json_schema").dump();
    }
    if (request.contains("chat_template_kwargs")) {
        const auto & arguments = request.at("chat_template_kwargs");
        for (const auto & item : arguments.items()) {
            inputs.chat_template_kwargs[item.key()] = item.value().dump();
        }
    }
    inputs.grammar               = request.value("grammar", "");
    inputs.tool_choice           = common_chat_tool_choice_parse_oaicompat(request.value("tool_choice", "auto"));
    inputs.parallel_tool_calls   = request.contains("parallel_tool_calls")
          ? request.value("parallel_tool_calls", false)
          : common_chat_templates_get_caps(templates)["supports_parallel_tool_calls"];
    inputs.add_generation_prompt = request.value("add_generation_prompt", true);
    inputs.enable_thinking       = request.value("enable_thinking", true);
    inputs.reasoning_format      = COMMON_REASONING_FORMAT_DEEPSEEK;
    return inputs;
}

// Whether an answer is just text: no reasoning and no call of a tool can be in it.
bool is_plain(const common_chat_templates_inputs & inputs, const common_chat_params & params) {
    const bool calls = !inputs.tools.empty() && inputs.tool_choice != COMMON_CHAT_TOOL_CHOICE_NONE;
    return !calls && !params.supports_thinking && inputs.json_schema.empty();
}

// What common_chat_parse never takes for the beginning of anything, as long as no marker begins with it.
bool is_plain(char character) { return isalnum((unsigned char) character) || strchr(" ,.;?!'", character) != nullptr; }

// Whether text of plain characters goes on with what was there before, because all that separates the parts of an answer
// is known and begins otherwise.
bool plain_text_extends(const common_chat_params & params) {
    std::vector<std::string> markers = params.preserved_tokens;
    markers.insert(markers.end(), params.thinking_end_tags.begin(), params.thinking_end_tags.end());
    markers.push_back(params.thinking_start_tag);
    for (const auto & trigger : params.grammar_triggers) {
        // A pattern is a marker that nobody can read off.
        if (trigger.type != COMMON_GRAMMAR_TRIGGER_TYPE_WORD && trigger.type != COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN) {
            return false;
        }
        markers.push_back(trigger.value);
    }
    size_t known = 0;
    for (const auto & marker : markers) {
        if (!marker.empty()) {
            known++;
            if (is_plain(marker[0])) {
                return false;
            }
        }
    }
    return known > 0;
}

common_json answer_of(const common_chat_templates_inputs & inputs, const common_chat_params & params) {
    auto answer                 = common_json::object();
    answer["plain"]             = is_plain(inputs, params);
    answer["extends"]           = plain_text_extends(params);
    answer["prompt"]            = params.prompt;
    answer["additional_stops"]  = params.additional_stops;
    answer["preserved_tokens"]  = params.preserved_tokens;
    answer["grammar"]           = params.grammar;
    answer["grammar_lazy"]      = params.grammar_lazy;
    answer["supports_thinking"] = params.supports_thinking;

    auto triggers = common_json::array();
    for (const auto & trigger : params.grammar_triggers) {
        auto item     = common_json::object();
        item["type"]  = (int32_t) trigger.type;
        item["value"] = trigger.value;
        item["token"] = trigger.token;
        triggers.push_back(item);
    }
    answer["grammar_triggers"] = triggers;

    // What fleetops_grammar_new needs to know about the grammar, handed to it untouched.
    auto grammar                 = common_json::object();
    grammar["grammar_lazy"]      = params.grammar_lazy;
    grammar["grammar_triggers"]  = triggers;
    grammar["generation_prompt"] = params.generation_prompt;
    grammar["thinking_start"]    = params.thinking_start_tag;
    grammar["thinking_ends"]     = params.thinking_end_tags;
    answer["grammar_options"]    = grammar;

    // What fleetops_chat_parser_new needs to know about this prompt, handed back to it untouched.
    auto parser                 = common_json::object();
    parser["format"]            = (int32_t) params.format;
    parser["generation_prompt"] = params.generation_prompt;
    parser["parser"]            = params.parser;
    answer["parser"]            = parser;
    return answer;
}

}  // namespace

// Parses the model's own template, or `source` when it is not empty. The model must outlive the handle.
FLEETOPS_API fleetops_chat_template * fleetops_chat_template_new(
    const llama_model * model, const char * source, char * error, int32_t error_size) {
    return fleetops::guard<fleetops_chat_template *>(nullptr, error, error_size, [&] {
        if (*source != '\0') {
            check(source);
        } else {
            check(llama_model_chat_template(model, nullptr));
            check(llama_model_chat_template(model, "tool_use"));
        }
        return new fleetops_chat_template{ common_chat_templates_init(model, source) };
    });
}

FLEETOPS_API void fleetops_chat_template_free(fleetops_chat_template * chat) { delete chat; }

// 0 when neither the model nor the caller has a template and ChatML stands in.
FLEETOPS_API int32_t fleetops_chat_template_is_explicit(const fleetops_chat_template * chat) {
    return common_chat_templates_was_explicit(chat->templates.get()) ? 1 : 0;
}

FLEETOPS_API char * fleetops_chat_template_source(const fleetops_chat_template * chat, char * error, int32_t error_size) {
    return fleetops::guard<char *>(nullptr, error, error_size, [&] {
        return fleetops::copy(common_chat_templates_source(chat->templates.get()));
    });
}

FLEETOPS_API char * fleetops_chat_apply(const fleetops_chat_template * chat, const char * request, char * error, int32_t error_size) {
    return fleetops::guard<char *>(nullptr, error, error_size, [&] {
        const auto inputs = inputs_of(chat->templates.get(), common_json::parse(request));
        return fleetops::copy(answer_of(inputs, common_chat_templates_apply(chat->templates.get(), inputs)).dump_safe());
    });
}

// Prepares to take answers to one prompt apart. `parser` is what fleetops_chat_apply gave.
FLEETOPS_API fleetops_chat_parser * fleetops_chat_parser_new(const char * parser, char * error, int32_t error_size) {
    return fleetops::guard<fleetops_chat_parser *>(nullptr, error, error_size, [&] {
        const auto json   = common_json::parse(parser);
        auto       result = std::make_unique<fleetops_chat_parser>();
        auto &     params = result->params;
        params.format            = (common_chat_format) json.value("format", 0);
        params.generation_prompt = json.value("generation_prompt", "");
        params.reasoning_format  = COMMON_REASONING_FORMAT_DEEPSEEK;
        params.parse_tool_calls  = true;
        const std::string saved  = json.value("parser", "");
        if (!saved.empty()) {
            params.parser.load(saved);
        }
        return result.release();
    });
}

FLEETOPS_API void fleetops_chat_parser_free(fleetops_chat_parser * parser) { delete parser; }

// Takes a model's answer apart: content, reasoning, tool calls. `partial` says that more text will follow.
FLEETOPS_API char * fleetops_chat_parse(
    const fleetops_chat_parser * parser, const char * text, int32_t length, int32_t partial, char * error, int32_t error_size) {
    return fleetops::guard<char *>(nullptr, error, error_size, [&] {
        return fleetops::copy(
            common_chat_parse(std::string(text, (size_t) length), partial != 0, parser->params).to_json_oaicompat().dump_safe());
    });
}
