using System.Runtime.InteropServices;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>
/// Puts a sampler together: stages in the order in which they are added, then <see cref="Greedy"/> or
/// <see cref="Distribution"/>, which chooses the token. llama.cpp's own server adds them as logit bias, penalties, top-k,
/// typical, top-p, min-p, XTC, temperature, with DRY after the penalties and top-n-sigma after that. A builder can be used for several samplers. For one thread at a time.
/// </summary>
public sealed unsafe class LlamaSamplerBuilder
{
    private readonly LlamaVocabulary _vocabulary;
    private readonly List<Func<nint>> _stages = [];
    private readonly List<LlamaLogitBias> _biases = [];
    private readonly List<int> _delayed = [];
    private int _delay;
    private LlamaGrammar? _grammar;
    private string? _grammarText;
    private string _grammarRoot = "root";

    /// <summary>Begins a sampler for the tokens of a model.</summary>
    public LlamaSamplerBuilder(LlamaModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _vocabulary = model.Vocabulary;
    }

    /// <summary>Adds to the logits of tokens, before any stage.</summary>
    /// <param name="biases">Tokens and what is added to each; not NaN, and minus infinity forbids a token.</param>
    public LlamaSamplerBuilder AddLogitBias(IEnumerable<LogitBias> biases)
    {
        ArgumentNullException.ThrowIfNull(biases);
        foreach (var bias in biases)
        {
            _vocabulary.CheckToken(bias.Token, nameof(biases));
            _biases.Add(float.IsNaN(bias.Bias)
                ? throw new ArgumentOutOfRangeException(nameof(biases), bias.Bias, $"The bias of token {bias.Token} is not a number.")
                : new LlamaLogitBias { Token = bias.Token, Bias = bias.Bias });
        }

        return this;
    }

    /// <summary>Makes tokens less likely that came before.</summary>
    /// <param name="lastTokens">How many of the last tokens count; 0 turns the penalties off.</param>
    /// <param name="repeat">Divides the logits of tokens that came before; above 0, and 1 changes nothing.</param>
    /// <param name="frequency">Subtracted for each time that a token came before; 0 changes nothing.</param>
    /// <param name="presence">Subtracted once if a token came before; 0 changes nothing.</param>
    public LlamaSamplerBuilder AddPenalties(int lastTokens, float repeat = 1, float frequency = 0, float presence = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lastTokens);
        CheckFinite(repeat, nameof(repeat));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(repeat);
        CheckFinite(frequency, nameof(frequency));
        CheckFinite(presence, nameof(presence));
        return Add(() => LlamaNative.llama_sampler_init_penalties(_vocabulary.Count, lastTokens, repeat, frequency, presence));
    }

    /// <summary>Keeps the <paramref name="k"/> most likely tokens; 0 keeps all.</summary>
    public LlamaSamplerBuilder AddTopK(int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        return Add(() => LlamaNative.llama_sampler_init_top_k(k));
    }

    /// <summary>Keeps the most likely tokens whose probabilities sum up to <paramref name="p"/>, 0 to 1; 1 keeps all.</summary>
    public LlamaSamplerBuilder AddTopP(float p)
    {
        CheckProbability(p);
        return Add(() => LlamaNative.llama_sampler_init_top_p(p, minKeep: 1));
    }

    /// <summary>Keeps tokens that are at least <paramref name="p"/> times as likely as the most likely one, 0 to 1; 0 keeps all.</summary>
    public LlamaSamplerBuilder AddMinP(float p)
    {
        CheckProbability(p);
        return Add(() => LlamaNative.llama_sampler_init_min_p(p, minKeep: 1));
    }

    /// <summary>Keeps tokens of typical information content that sum up to <paramref name="p"/>, 0 to 1; 1 keeps all.</summary>
    public LlamaSamplerBuilder AddTypical(float p)
    {
        CheckProbability(p);
        return Add(() => LlamaNative.llama_sampler_init_typical(p, minKeep: 1));
    }

    /// <summary>Divides the logits; below 1 sharpens, above 1 flattens, 0 keeps only the most likely token.</summary>
    public LlamaSamplerBuilder AddTemperature(float temperature)
    {
        CheckFinite(temperature, nameof(temperature));
        ArgumentOutOfRangeException.ThrowIfNegative(temperature);
        return Add(() => LlamaNative.llama_sampler_init_temp(temperature));
    }

    /// <summary>Drops the most likely tokens but the last of them, by chance.</summary>
    /// <param name="probability">How often, 0 to 1; 0 changes nothing.</param>
    /// <param name="threshold">How likely a token must be to be dropped, 0 to 1; above 0.5 changes nothing.</param>
    /// <param name="seed">Of the chance; as in <see cref="Distribution"/>.</param>
    public LlamaSamplerBuilder AddXtc(float probability, float threshold, uint seed)
    {
        CheckProbability(probability);
        CheckProbability(threshold);
        return Add(() => LlamaNative.llama_sampler_init_xtc(probability, threshold, minKeep: 1, seed));
    }

    /// <summary>Keeps tokens whose logit is at most <paramref name="n"/> standard deviations below the best; 0 keeps all.</summary>
    public LlamaSamplerBuilder AddTopNSigma(float n)
    {
        CheckFinite(n, nameof(n));
        ArgumentOutOfRangeException.ThrowIfNegative(n);
        return n == 0 ? this : Add(() => LlamaNative.llama_sampler_init_top_n_sigma(n));
    }

    /// <summary>Makes tokens less likely that would go on with a sequence that came before. Takes long: the whole vocabulary is searched for the breakers.</summary>
    /// <param name="multiplier">Strength; 0 changes nothing.</param>
    /// <param name="growth">By what the penalty is multiplied with each token of the sequence; 1 or more.</param>
    /// <param name="allowedLength">How long a sequence may be without a penalty.</param>
    /// <param name="lastTokens">How many of the last tokens are searched; 0 changes nothing.</param>
    /// <param name="breakers">Texts that no sequence extends over.</param>
    public LlamaSamplerBuilder AddDry(float multiplier, float growth, int allowedLength, int lastTokens, IReadOnlyList<string> breakers)
    {
        ArgumentNullException.ThrowIfNull(breakers);
        CheckFinite(multiplier, nameof(multiplier));
        ArgumentOutOfRangeException.ThrowIfNegative(multiplier);
        CheckFinite(growth, nameof(growth));
        ArgumentOutOfRangeException.ThrowIfLessThan(growth, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(allowedLength);
        ArgumentOutOfRangeException.ThrowIfNegative(lastTokens);
        return Add(() =>
        {
            var texts = breakers.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
            try
            {
                fixed (nint* first = texts)
                {
                    return LlamaNative.llama_sampler_init_dry(_vocabulary.Pointer, multiplier, growth, allowedLength, lastTokens, (byte**)first, (nuint)texts.Length);
                }
            }
            finally
            {
                Array.ForEach(texts, Marshal.FreeCoTaskMem);
            }
        });
    }

    /// <summary>Keeps tokens from being chosen until so many others were, unless the grammar allows nothing else.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="count">How many others come first.</param>
    public LlamaSamplerBuilder Delay(IEnumerable<int> tokens, int count)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _delayed.Clear();
        foreach (var token in tokens)
        {
            _vocabulary.CheckToken(token, nameof(tokens));
            _delayed.Add(token);
        }

        _delay = count;
        return this;
    }

    /// <summary>Lets only tokens through that continue a text of a grammar. It applies to the answer, not to the prompt.</summary>
    /// <param name="grammar">The grammar, compiled for this model. It must not be disposed before the sampler is made.</param>
    public LlamaSamplerBuilder WithGrammar(LlamaGrammar grammar)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        if (grammar.ForVocabulary != _vocabulary)
        {
            throw new ArgumentException("The grammar was compiled for the vocabulary of another model.", nameof(grammar));
        }

        _grammar = grammar;
        _grammarText = null;
        return this;
    }

    /// <summary>Lets only tokens through that continue a text of a grammar. It applies to the answer, not to the prompt.</summary>
    /// <param name="grammar">A grammar in GBNF. It is compiled when the sampler is made.</param>
    /// <param name="root">The rule to start from.</param>
    public LlamaSamplerBuilder WithGrammar(string grammar, string root = "root")
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentException.ThrowIfNullOrEmpty(root);
        _grammar = null;
        _grammarText = grammar;
        _grammarRoot = root;
        return this;
    }

    /// <summary>Makes a sampler that chooses the most likely token.</summary>
    /// <exception cref="LlamaException">The grammar cannot be compiled (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public LlamaSampler Greedy() => Build(static () => LlamaNative.llama_sampler_init_greedy());

    /// <summary>Makes a sampler that draws a token by its probability. Equal seeds and logits give equal tokens.</summary>
    /// <param name="seed">Any value but <see cref="uint.MaxValue"/>, which is llama.cpp's sign for a random seed.</param>
    /// <exception cref="LlamaException">The grammar cannot be compiled (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public LlamaSampler Distribution(uint seed) => Build(() => LlamaNative.llama_sampler_init_dist(seed));

    /// <summary>Makes a sampler that keeps the surprise of its tokens at a target (Mirostat 1).</summary>
    /// <param name="seed">As in <see cref="Distribution"/>.</param>
    /// <param name="tau">The target; above 0.</param>
    /// <param name="eta">How fast it corrects itself; above 0.</param>
    /// <exception cref="LlamaException">The grammar cannot be compiled (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public LlamaSampler Mirostat(uint seed, float tau, float eta)
    {
        const int Considered = 100;
        CheckMirostat(tau, eta);
        return Build(() => LlamaNative.llama_sampler_init_mirostat(_vocabulary.Count, seed, tau, eta, Math.Min(Considered, _vocabulary.Count)));
    }

    /// <summary>Makes a sampler that keeps the surprise of its tokens at a target (Mirostat 2).</summary>
    /// <inheritdoc cref="Mirostat" />
    public LlamaSampler MirostatV2(uint seed, float tau, float eta)
    {
        CheckMirostat(tau, eta);
        return Build(() => LlamaNative.llama_sampler_init_mirostat_v2(seed, tau, eta));
    }

    private LlamaSampler Build(Func<nint> choice)
    {
        using var compiled = _grammarText is null ? null : new LlamaGrammar(_vocabulary, _grammarText, _grammarRoot, "{}");
        var grammar = (compiled ?? _grammar)?.Handle;
        var chain = LlamaNative.llama_sampler_chain_init(new LlamaSamplerChainParams { NoPerf = 1 });
        foreach (var stage in _stages)
        {
            LlamaNative.llama_sampler_chain_add(chain, stage());
        }

        LlamaNative.llama_sampler_chain_add(chain, choice());
        var sampler = ShimNative.fleetops_sampler_new(chain, grammar?.Pointer ?? 0);
        GC.KeepAlive(grammar);
        GC.KeepAlive(_vocabulary.Model);
        var result = new LlamaSampler(new SamplerHandle(sampler, _vocabulary.Model), _vocabulary);
        if (_biases.Count > 0)
        {
            result.Bias(CollectionsMarshal.AsSpan(_biases));
        }

        if (_delay > 0 && _delayed.Count > 0)
        {
            result.Delay(CollectionsMarshal.AsSpan(_delayed), _delay);
        }

        return result;
    }

    private LlamaSamplerBuilder Add(Func<nint> stage)
    {
        _stages.Add(stage);
        return this;
    }

    private static void CheckProbability(float p)
    {
        CheckFinite(p, nameof(p));
        ArgumentOutOfRangeException.ThrowIfNegative(p);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(p, 1);
    }

    private static void CheckMirostat(float tau, float eta)
    {
        CheckFinite(tau, nameof(tau));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tau);
        CheckFinite(eta, nameof(eta));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(eta);
    }

    private static void CheckFinite(float value, string name)
    {
        if (!float.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be a finite number.");
        }
    }
}
