using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>
/// Chooses the tokens of one sequence. It remembers what it chose: penalties, a grammar and the random numbers depend on
/// it, so each sequence has its own. For one thread at a time. <see cref="LlamaSamplerBuilder"/> makes them.
/// </summary>
public sealed unsafe class LlamaSampler : IDisposable
{
    private readonly SamplerHandle _handle;
    private readonly LlamaVocabulary _vocabulary;

    internal LlamaSampler(SamplerHandle handle, LlamaVocabulary vocabulary)
    {
        _handle = handle;
        _vocabulary = vocabulary;
    }

    /// <summary>Chooses a token from an output of the context's last decode, and accepts it.</summary>
    /// <param name="context">A context of the model that the sampler is for, on its owner's thread.</param>
    /// <param name="index">The index in the batch of the token whose successor is chosen; its output was asked for.</param>
    /// <exception cref="LlamaException">The grammar allows no token (<see cref="LlamaFault.SamplingFailed"/>).</exception>
    public int Sample(LlamaContext context, int index)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Model.Vocabulary != _vocabulary)
        {
            throw new ArgumentException("The sampler was made for the vocabulary of another model.", nameof(context));
        }

        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var token = context.Sample(_handle, index, error);
        return token != ShimNative.Exception ? token : throw Failed("No token can be chosen", error);
    }

    /// <summary>Tells the sampler of a token that it did not choose itself.</summary>
    /// <param name="token">The token.</param>
    /// <param name="isPrompt">A token of the prompt, which penalties count and the grammar does not see.</param>
    /// <exception cref="LlamaException">The grammar does not allow the token (<see cref="LlamaFault.SamplingFailed"/>). The sampler is unchanged.</exception>
    public void Accept(int token, bool isPrompt = false)
    {
        _vocabulary.CheckToken(token);
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var status = ShimNative.fleetops_sampler_accept(_handle.Pointer, token, isPrompt ? 0 : 1, error, ShimText.ErrorSize);
        GC.KeepAlive(_handle);
        if (status == ShimNative.Exception)
        {
            throw Failed($"Token {token} cannot be accepted", error);
        }
    }

    /// <summary>Forgets all tokens, and begins grammar and random numbers anew.</summary>
    public void Reset()
    {
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var status = ShimNative.fleetops_sampler_reset(_handle.Pointer, error, ShimText.ErrorSize);
        GC.KeepAlive(_handle);
        if (status == ShimNative.Exception)
        {
            throw Failed("The sampler cannot be reset", error);
        }
    }

    /// <summary>A sampler in the same state that goes its own way from here.</summary>
    public LlamaSampler Clone()
    {
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var clone = ShimNative.fleetops_sampler_clone(_handle.Pointer, error, ShimText.ErrorSize);
        GC.KeepAlive(_handle);
        return clone != 0
            ? new LlamaSampler(new SamplerHandle(clone, _vocabulary.Model), _vocabulary)
            : throw Failed("The sampler cannot be copied", error);
    }

    internal void Bias(ReadOnlySpan<LlamaLogitBias> biases)
    {
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        fixed (LlamaLogitBias* first = biases)
        {
            var status = ShimNative.fleetops_sampler_bias(_handle.Pointer, first, biases.Length, error, ShimText.ErrorSize);
            GC.KeepAlive(_handle);
            if (status == ShimNative.Exception)
            {
                throw Failed("Biases cannot be set", error);
            }
        }
    }

    internal void Delay(ReadOnlySpan<int> tokens, int count)
    {
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        fixed (int* first = tokens)
        {
            var status = ShimNative.fleetops_sampler_delay(_handle.Pointer, first, tokens.Length, count, error, ShimText.ErrorSize);
            GC.KeepAlive(_handle);
            if (status == ShimNative.Exception)
            {
                throw Failed("Tokens cannot be delayed", error);
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _handle.Dispose();

    private static LlamaException Failed(string what, byte* error) =>
        new(LlamaFault.SamplingFailed, $"{what}: {ShimText.Error(error)}.");
}
