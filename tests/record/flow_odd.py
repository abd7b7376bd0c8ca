"""More patterns of cells with their truth, of kept names, kept code and parts."""

from __future__ import annotations

from .flow_session import PLT, Pattern


def odd(name: str, inputs: str, cells: list[str], unsure: str | None = None) -> Pattern:
    """Inputs by their names; all of them may be uncertain unless ``unsure`` says which."""
    true = set(inputs.split())
    return Pattern(name, cells, true, true if unsure is None else set(unsure.split()))


ODD = [
    odd("field of a named tuple", "B", [
        "from collections import namedtuple\nPair = namedtuple('Pair', 'a b')",
        "n = Pair(data('A'), data('B'))",
        "save('r', n.b)",
    ], unsure=""),
    odd("field of a dataclass", "A", [
        "from dataclasses import dataclass\n@dataclass\nclass Run:\n    dark: list\n    raw: list",
        "r = Run(data('A'), raw=data('B'))",
        "save('r', r.dark)",
    ], unsure=""),
    odd("output argument in a function", "A", [
        "import numpy as np\nacc = np.zeros(3)",
        "def add(p):\n    r = np.add(acc, data(p), out=acc)\n    return r",
        "k = add('A')",
        "save('r', acc)",
    ]),
    odd("open file as default", "A", [
        "w = writer('r')\ndef put(v, w=w):\n    w.write(v)",
        "put(data('A'))",
    ]),
    odd("open file in a list of callbacks", "A", [
        "w = writer('r')\nsinks = []\nsinks.append(w.write)",
        "for s in sinks:\n    s(data('A'))",
    ]),
    odd("read by whoever enters", "A", [
        "class R:\n    def __enter__(self):\n        self.d = data('A')\n        return self\n"
        "    def __exit__(self, *a):\n        pass",
        "with R() as r:\n    v = sum(r.d)",
        "save('r', v)",
    ]),
    odd("function reads two and uses one", "B", [
        "def f():\n    a = data('A')\n    b = data('B')\n    return b",
        "x = f()",
        "save('r', x)",
    ]),
    odd("walrus in while", "A B", [
        "it=iter(['A','B'])",
        "out=[]\nwhile (p := next(it, None)):\n    out.append(data(p))",
        "save('r', out)",
    ], unsure=""),
    odd("decorator wraps data", "A", [
        "a=data('A')",
        "def deco(f):\n    def g(*v):\n        return f(*v) + a\n    return g",
        "@deco\ndef h(x):\n    return x",
        "save('r', h([1]))",
    ], unsure=""),
    odd("decorator registers", "A", [
        "reg=[]\ndef deco(f):\n    reg.append(f)\n    return f",
        "a=data('A')",
        "@deco\ndef h():\n    return a",
        "save('r', reg[0]())",
    ], unsure=""),
    odd("closure counter", "A B", [
        "def mk():\n    t=[]\n    def add(v):\n        t.append(v)\n        return t\n    return add",
        "add=mk()",
        "add(data('A'))",
        "add(data('B'))",
        "save('r', add(1))",
    ]),
    odd("nonlocal", "A", [
        ("def mk():\n    t=None\n    def put(v):\n        nonlocal t\n        t=v\n    def get():\n"
         "        return t\n    return put, get"),
        "put, get = mk()",
        "put(data('A'))",
        "save('r', get())",
    ]),
    odd("class attribute", "A", [
        "class C:\n    dark=None",
        "C.dark=data('A')",
        "class D(C):\n    def run(self, x):\n        return x + self.dark",
        "save('r', D().run([1]))",
    ], unsure=""),
    odd("instance sees class", "A", ["class C:\n    t=[]", "c=C()", "C.t.append(data('A'))", "save('r', c.t)"]),
    odd("generator function lazily", "A B", [
        "def g():\n    for p in ps:\n        yield data(p)",
        "ps=['A']\nit=g()",
        "ps.append('B')",
        "save('r', list(it))",
    ], unsure=""),
    odd("generator send", "A", [
        "def acc():\n    t=[]\n    while True:\n        v = yield t\n        t.append(v)",
        "g=acc(); next(g)",
        "g.send(data('A'))",
        "save('r', g.send(1))",
    ], unsure=""),
    odd("globals subscript store", "A", ["a=data('A')", "globals()['b']=a", "save('r', b)"]),
    odd("exec reads", "A", ['exec("b = data(\'A\')")', "save('r', b)"]),
    odd("vars update", "A", ["class O: pass\no=O()", "vars(o)['x']=data('A')", "save('r', o.x)"], unsure=""),
    odd("star unpack", "A B", ["a, *b = [1, data('A'), data('B')]", "save('r', b)"], unsure=""),
    odd("lambda default arg", "A", [
        "a=data('A')",
        "f=lambda x, a=a: x+a",
        "a=data('B')",
        "save('r', f([1]))",
    ], unsure=""),
    odd("mutable default", "A B", [
        "def f(v, acc=[]):\n    acc.append(v)\n    return acc",
        "f(data('A'))",
        "f(data('B'))",
        "save('r', f(1))",
    ]),
    odd("param shadows global", "B", [
        "x=data('A'); y=data('B')",
        "def f(x):\n    return [2*v for v in x]",
        "save('r', f(y))",
    ], unsure=""),
    odd("local shadows global", "B", [
        "x=data('A')",
        "def f():\n    x=data('B')\n    return x",
        "save('r', f())",
    ], unsure=""),
    odd("dict view", "A", ["d={}\nv=d.values()", "d['a']=data('A')", "save('r', list(v))"]),
    odd("zip alias", "A", ["a=[]; b=[]\nfor l, p in zip([a,b], ['A','B']):\n    l.append(data(p))", "save('r', a)"]),
    odd("map append", "A", ["out=[]", "list(map(out.append, data('A')))", "save('r', out)"]),
    odd("bound method alias later", "A B", [
        "out=[]\nadd=out.append",
        "for p in 'AB':\n    add(data(p))",
        "save('r', out)",
    ]),
    odd("partial mutates", "A", [
        "from functools import partial\nout=[]\ndef f(o, v):\n    o.append(v)",
        "g=partial(f, out)",
        "g(data('A'))",
        "save('r', out)",
    ]),
    odd("partial of append", "A", [
        "from functools import partial\nout=[]\ng=partial(out.append)",
        "g(data('A'))",
        "save('r', out)",
    ]),
    odd("callback registered earlier", "A", [
        "found=[]\ndef on(v):\n    found.append(v)\nhandlers=[]\nhandlers.append(on)",
        "for h in handlers:\n    h(data('A'))",
        "save('r', found)",
    ], unsure=""),
    odd("callback via object", "A", [
        ("class Bus:\n    def __init__(self):\n        self.h=[]\n    def on(self, f):\n"
         "        self.h.append(f)\n    def fire(self, v):\n        for f in self.h:\n            f(v)\n"
         "bus=Bus()"),
        "got=[]\nbus.on(lambda v: got.append(v))",
        "bus.fire(data('A'))",
        "save('r', got)",
    ], unsure=""),
    odd("callback via object named", "A", [
        ("class Bus:\n    def __init__(self):\n        self.h=[]\n    def on(self, f):\n"
         "        self.h.append(f)\n    def fire(self, v):\n        for f in self.h:\n            f(v)\n"
         "bus=Bus()"),
        "got=[]\ndef keep(v):\n    got.append(v)\nbus.on(keep)",
        "bus.fire(data('A'))",
        "save('r', got)",
    ], unsure=""),
    odd("out-of-order rerun", "B", [
        "x=data('A')",
        "def f():\n    return x",
        "x=data('B')",
        "y=f()",
        "x=data('A')",
        "save('r', y)",
    ], unsure=""),
    odd("rerun of def", "A", [
        "def f(): return data('A')",
        "y=f()",
        "def f(): return data('B')",
        "save('r', y)",
    ], unsure=""),
    odd("try finally", "A", ["x=None\ntry:\n    x=data('A')\nfinally:\n    y=x", "save('r', y)"], unsure=""),
    odd("except as e", "A", [
        "try:\n    raise ValueError(data('A'))\nexcept ValueError as e:\n    m=e.args",
        "save('r', m)",
    ]),
    odd("with target attr", "A", [
        "class O: pass\no=O()",
        "from contextlib import nullcontext\nwith nullcontext(data('A')) as o.x:\n    pass",
        "save('r', o.x)",
    ], unsure=""),
    odd("contextmanager own", "A", [
        "from contextlib import contextmanager\n@contextmanager\ndef op(p):\n    yield data(p)",
        "with op('A') as d:\n    s=d[0]",
        "save('r', s)",
    ], unsure=""),
    odd("match class", "A", [
        "a={'k': data('A')}",
        "match a:\n    case {'k': v}:\n        y=v\n    case _:\n        y=0",
        "save('r', y)",
    ]),
    odd("f-string nested", "A B", ["a=data('A')[0]; w=data('B')[0]", "s=f'{a:{int(w)}}'", "save('r', s)"], unsure=""),
    odd("numpy inplace fn", "A", [
        "import numpy as np\nz=np.zeros(3)",
        "np.copyto(z, data('A'))",
        "save('r', z)",
    ], unsure=""),
    odd("numpy out positional assigned", "A", [
        "import numpy as np\nz=np.zeros(3); a=np.array(data('A'))",
        "_q=np.add(a, 1, z)",
        "save('r', z)",
    ], unsure=""),
    odd("numpy ravel view", "A", [
        "import numpy as np\nz=np.zeros(3)",
        "v=z.ravel()\nv[:]=data('A')",
        "save('r', z)",
    ]),
    odd("numpy reshape view", "A", [
        "import numpy as np\nz=np.zeros((3,1))",
        "v=z.reshape(3)\nv[:]=data('A')",
        "save('r', z)",
    ]),
    odd("np.nditer / transpose view", "A", [
        "import numpy as np\nz=np.zeros((3,1))\nv=np.transpose(z)",
        "v[0]=data('A')",
        "save('r', z)",
    ]),
    odd("np.split views", "A", [
        "import numpy as np\nz=np.zeros(6)\nx, y=np.split(z, 2)",
        "x[:]=data('A')",
        "save('r', z)",
    ]),
    odd("np.frombuffer", "A", [
        "import numpy as np\nb=bytearray(24)\ny=np.frombuffer(b)",
        "y[:]=data('A')",
        "save('r', b)",
    ]),
    odd("heapq push in assigned", "A", [
        "import heapq\nh=[1]",
        "q=heapq.heappushpop(h, 5)\nz=heapq.heapreplace(h, data('A')[0])",
        "save('r', h)",
    ], unsure=""),
    odd("print to StringIO", "A", [
        "import io\nb=io.StringIO()",
        "print(data('A'), file=b)",
        "save('r', b.getvalue())",
    ], unsure=""),
    odd("csv writer StringIO", "A", [
        "import io, csv\nb=io.StringIO()\nw=csv.writer(b)",
        "w.writerow(data('A'))",
        "save('r', b.getvalue())",
    ]),
    odd("np.save to BytesIO", "A", [
        "import io, numpy as np\nb=io.BytesIO()",
        "np.save(b, data('A'))",
        "save('r', b.getvalue())",
    ], unsure=""),
    odd("json.dump StringIO", "A", [
        "import io, json\nb=io.StringIO()",
        "json.dump(data('A'), b)",
        "save('r', b.getvalue())",
    ], unsure=""),
    odd("df.to_csv StringIO", "A", [
        "import io\nimport pandas as pd\nb=io.StringIO()",
        "pd.DataFrame({'x': data('A')}).to_csv(b)",
        "save('r', b.getvalue())",
    ], unsure=""),
    odd("fig.savefig BytesIO", "A", [
        PLT + "\nimport io\nb=io.BytesIO()\nfig, ax=plt.subplots()",
        "ax.plot(data('A'))\nfig.savefig(b)",
        "save('r', b.getvalue())",
    ], unsure=""),
    odd("shutil.copyfileobj", "A", [
        "import io, shutil\ns=io.StringIO(str(data('A')))\nd=io.StringIO()",
        "shutil.copyfileobj(s, d)",
        "save('r', d.getvalue())",
    ], unsure=""),
    odd("redirect_stdout", "A", [
        "import io, contextlib\nb=io.StringIO()",
        "with contextlib.redirect_stdout(b):\n    print(data('A'))",
        "save('r', b.getvalue())",
    ]),
    odd("groupby object later", "A", [
        "import pandas as pd\nd=pd.DataFrame({'k':[1,1,2],'x':data('A')})\ng=d.groupby('k')",
        "m={k: f.x.sum() for k, f in g}",
        "save('r', m)",
    ], unsure=""),
    odd("merge", "A B", [
        ("import pandas as pd\na=pd.DataFrame({'k':[1,2,3],'x':data('A')})\n"
         "b=pd.DataFrame({'k':[1,2,3],'y':data('B')})"),
        "m=a.merge(b, on='k')",
        "save('r', m)",
    ], unsure=""),
    odd("df fillna inplace", "A", [
        "import pandas as pd\nd=pd.DataFrame({'x':[1.,None,3.]})",
        "d.fillna(data('A')[0], inplace=True)",
        "save('r', d)",
    ], unsure=""),
    odd("df update", "A", [
        "import pandas as pd\nd=pd.DataFrame({'x':[1.,None,3.]})",
        "d.update(pd.DataFrame({'x':data('A')}))",
        "save('r', d)",
    ], unsure=""),
    odd("df query local in expr", "A", [
        "import pandas as pd\nd=pd.DataFrame({'x':[1.,2.,3.]}); t=data('A')[0]",
        "e=d.query(f'x > @t')",
        "save('r', e)",
    ], unsure=""),
    odd("df query var text", "A", [
        "import pandas as pd\nd=pd.DataFrame({'x':[1.,2.,3.]}); t=data('A')[0]; q='x > @t'",
        "e=d.query(q)",
        "save('r', e)",
    ]),
    odd("pd.eval", "A", ["import pandas as pd\na=data('A'); s=pd.Series(a)", "e=pd.eval('s + 1')", "save('r', e)"]),
    odd("swap attributes", "B", [
        "class O: pass\no=O(); o.x=data('A'); o.y=data('B')",
        "o.x, o.y = o.y, o.x",
        "save('r', o.x)",
    ], unsure=""),
    odd("assert raising control", "A", [
        "a=data('A')\nok=False",
        "try:\n    assert a[0] > 100\n    ok=True\nexcept AssertionError:\n    ok=None",
        "save('r', ok)",
    ]),
    odd("metaclass registry", "A", [
        "reg=[]\nclass B:\n    def __init_subclass__(cls):\n        reg.append(cls.d)",
        "class S(B):\n    d=data('A')",
        "save('r', reg)",
    ], unsure=""),
    odd("descriptor __set__", "A", [
        "store={}\nclass D:\n    def __set__(self, o, v):\n        store['v']=v\nclass C:\n    x=D()\nc=C()",
        "c.x=data('A')",
        "save('r', store)",
    ], unsure=""),
    odd("__call__ stores", "A", [
        ("class F:\n    def __init__(self):\n        self.t=[]\n    def __call__(self, v):\n"
         "        self.t.append(v)\nf=F()"),
        "f(data('A'))",
        "save('r', f.t)",
    ]),
    odd("lru_cache kept", "A", [
        "from functools import lru_cache\n@lru_cache\ndef get(p):\n    return tuple(data(p))",
        "get('A')",
        "b=get('A')\nsave('r', b)",
    ]),
    odd("cached_property", "A", [
        ("from functools import cached_property\nclass R:\n    @cached_property\n    def d(self):\n"
         "        return data('A')\nr=R()"),
        "n=len(r.d)",
        "save('r', r.d)",
    ]),
    odd("object.__setattr__", "A", [
        "class O: pass\no=O()",
        "object.__setattr__(o, 'x', data('A'))",
        "save('r', o.x)",
    ]),
    odd("starred args mutated", "A", [
        "def fill(*bufs):\n    for b in bufs:\n        b.append(data('A'))",
        "x=[]; y=[]",
        "fill(x, y)",
        "save('r', y)",
    ]),
    odd("kwargs mutated", "A", [
        "def fill(**kw):\n    kw['b'].append(data('A'))",
        "x=[]",
        "fill(b=x)",
        "save('r', x)",
    ]),
    odd("arg via inner assigned", "A", [
        "def put(b, v):\n    b.append(v)\n    return 1\ndef fill(buf, v):\n    n=put(buf, v)\n    return n",
        "x=[]",
        "k=fill(x, data('A'))",
        "save('r', x)",
    ]),
    odd("arg aliased in function", "A", [
        "def fill(buf, v):\n    b=buf\n    b.append(v)",
        "x=[]",
        "fill(x, data('A'))",
        "save('r', x)",
    ]),
    odd("arg loop in function", "A", [
        "def fill(bufs, v):\n    for b in bufs:\n        b.append(v)",
        "x=[[],[]]",
        "fill(x, data('A'))",
        "save('r', x)",
    ]),
    odd("global alias in function", "A", [
        "store=[]\ndef fill(v):\n    s=store\n    s.append(v)",
        "fill(data('A'))",
        "save('r', store)",
    ]),
    odd("other's inner via method", "A", [
        ("class T:\n    def __init__(self, b):\n        self.b=b\n    def add(self, v):\n"
         "        self.b.append(v)\nbuf=[]\nt=T(buf)"),
        "t.add(data('A'))",
        "save('r', buf)",
    ]),
    odd("get then alias", "A", ["d={'k': []}", "x=d.get('k')\nx.append(data('A'))", "save('r', d)"]),
    odd("values loop mutate", "A", [
        "d={'k': [], 'l': []}",
        "for v in d.values():\n    v.append(data('A'))",
        "save('r', d)",
    ]),
    odd("items loop mutate", "A", [
        "d={'k': [], 'l': []}",
        "for k, v in d.items():\n    v.append(data('A'))",
        "save('r', d)",
    ]),
    odd("sorted loop mutate", "A", [
        "ls=[[2],[1]]",
        "for v in sorted(ls):\n    v.append(data('A'))",
        "save('r', ls)",
    ]),
    odd("reversed/list() alias", "A", ["ls=[[2],[1]]", "c=list(ls)\nc[0].append(data('A'))", "save('r', ls)"]),
    odd("shallow copy alias", "A", [
        "import copy\nls=[[2],[1]]",
        "c=copy.copy(ls)\nc[0].append(data('A'))",
        "save('r', ls)",
    ]),
    odd(".copy() shallow alias", "A", ["d={'x': []}", "c=d.copy()\nc['x'].append(data('A'))", "save('r', d)"]),
    odd("zip star", "B", ["xs=[]; ys=[]", "for l, p in zip((xs, ys), 'AB'):\n    l += [data(p)]", "save('r', ys)"]),
    odd("inherit method reading", "A", [
        "class B:\n    def get(self):\n        return src",
        "class C(B):\n    pass",
        "src=data('A')",
        "c=C()",
        "save('r', c.get())",
    ], unsure=""),
    odd("super call stores", "A", [
        ("class B:\n    def put(self, v):\n        keep.append(v)\nclass C(B):\n    def go(self, v):\n"
         "        super().put(v)"),
        "keep=[]",
        "C().go(data('A'))",
        "save('r', keep)",
    ], unsure=""),
    odd("inherited mutator obj", "A", [
        "class B:\n    def put(self, v):\n        keep.append(v)\nclass C(B):\n    pass",
        "keep=[]\nc=C()",
        "c.put(data('A'))",
        "save('r', keep)",
    ], unsure=""),
    odd("monkeypatched method", "A", [
        "class B:\n    pass\ndef put(self, v):\n    keep.append(v)\nB.put=put",
        "keep=[]\nb=B()",
        "b.put(data('A'))",
        "save('r', keep)",
    ], unsure=""),
    odd("mutator in attr", "A", [
        "keep=[]\ndef put(v):\n    keep.append(v)\nclass O: pass\no=O()\no.f=put",
        "o.f(data('A'))",
        "save('r', keep)",
    ], unsure=""),
    odd("lambda mutator", "A", [
        "keep=[]\nput=lambda v: keep.append(v)",
        "put(data('A'))",
        "save('r', keep)",
    ], unsure=""),
    odd("lambda mutator map", "A", [
        "keep=[]",
        "list(map(lambda v: keep.append(v), data('A')))",
        "save('r', keep)",
    ], unsure=""),
    odd("global counter aug", "A", [
        "n=0\ndef f(v):\n    global n\n    n += v[0]",
        "f(data('A'))",
        "save('r', n)",
    ], unsure=""),
    odd("thread target", "A", [
        "import threading\nout=[]\na=data('A')",
        "t=threading.Thread(target=out.extend, args=(a,))\nt.start(); t.join()",
        "save('r', out)",
    ]),
    odd("atexit/weak", "A", [
        "import weakref\nclass O: pass\no=O()\nw=weakref.ref(o)",
        "o.x=data('A')",
        "save('r', w().x)",
    ]),
    odd("builtins store", "A", ["import builtins\nbuiltins.zz=data('A')", "save('r', zz)"], unsure=""),
    odd("dict literal key", "B", ["d={'x': data('A'), 'y': data('B')}", "save('r', d['y'])"], unsure=""),
    odd("dict set key later cells", "A", [
        "d={}",
        "d['x']=data('A')",
        "d['y']=data('B')",
        "e=d['x']",
        "save('r', e)",
    ], unsure=""),
    odd("key replaced", "B", ["d={}", "d['x']=data('A')", "d['x']=data('B')", "save('r', d['x'])"], unsure=""),
    odd("attr two", "A", ["class O: pass\no=O()", "o.a=data('A')\no.b=data('B')", "save('r', o.a)"], unsure=""),
    odd("simple namespace", "A", [
        "from types import SimpleNamespace as N\nn=N(a=data('A'), b=data('B'))",
        "save('r', n.a)",
    ], unsure=""),
    odd("list index", "B", ["l=[data('A'), data('B')]", "save('r', l[1])"], unsure=""),
    odd("tuple unpack of list", "A", ["l=[data('A'), data('B')]", "x, y = l", "save('r', x)"]),
    odd("for over list var", "B", ["l=[data('A'), data('B')]", "for x in l:\n    pass", "save('r', x)"]),
    odd("comp index", "A", ["l=[data(p) for p in 'AB']", "save('r', l[0])"]),
    odd("df columns", "A", [
        "import pandas as pd\nd=pd.DataFrame({'x': data('A')})\nd['y']=data('B')",
        "save('r', d['x'])",
    ], unsure=""),
    odd("df col attr", "B", [
        "import pandas as pd\nd=pd.DataFrame({'x': data('A')})\nd['y']=data('B')",
        "save('r', d.y)",
    ], unsure=""),
    odd("df col derive", "A", [
        "import pandas as pd\nd=pd.DataFrame({'x': data('A')})\nd['y']=data('B')\nd['z']=d['x']+1",
        "save('r', d.z)",
    ], unsure=""),
    odd("df both", "A B", [
        "import pandas as pd\nd=pd.DataFrame({'x': data('A')})\nd['y']=data('B')\nd['z']=d.x*d.y",
        "save('r', d['z'])",
    ], unsure=""),
    odd("alias parts set after", "A", [
        "d={}\ne=d",
        "e['x']=data('A')\ne['y']=data('B')",
        "save('r', d['x'])",
    ], unsure=""),
    odd("copy keeps parts", "A", ["d={'x': data('A'), 'y': data('B')}\ne=d.copy()", "save('r', e['x'])"], unsure=""),
    odd("get", "A", ["d={'x': data('A'), 'y': data('B')}", "save('r', d.get('x'))"], unsure=""),
    odd("pop", "A", ["d={'x': data('A'), 'y': data('B')}", "v=d.pop('x')", "save('r', v)"], unsure=""),
    odd("del key", "B", ["d={'x': data('A'), 'y': data('B')}", "del d['x']", "save('r', d)"], unsure=""),
    odd("clear", "B", ["l=[data('A')]", "l.clear()\nl.append(data('B'))", "save('r', l)"], unsure=""),
    odd("reset whole slice", "B", [
        "import numpy as np\nz=np.array(data('A'))",
        "z[:]=data('B')",
        "save('r', z)",
    ], unsure=""),
    odd("zip pairs", "", ["xs=[1,2]; ys=data('A')", "for x, y in zip(xs, ys):\n    pass", "save('r', x)"]),
    odd("function returns tuple", "B", ["def f():\n    return data('A'), data('B')", "a, b = f()", "save('r', b)"]),
    odd("two instances methods", "B", [
        "class S:\n    def load(self, p):\n        self.v=data(p)\ns=S(); t=S()",
        "s.load('A')\nt.load('B')",
        "save('r', t.v)",
    ], unsure=""),
    odd("plot then save other", "A", [
        PLT,
        "a=data('A'); b=data('B')",
        "plt.plot(a, b)\nplt.close('all')",
        "save('r', a)",
    ], unsure=""),
    odd("append does not change arg", "B", [
        "a=data('A'); b=data('B')\nl=[a]",
        "l.append(b)",
        "save('r', b)",
    ], unsure=""),
    odd("out path var reused", "B", ["out='r'", "a=data('A')\nsave(out, a)", "b=data('B')\nsave(out, b)"], unsure=""),
    odd("helper save fn", "B", [
        "def store(name, v):\n    save(name, v)",
        "a=data('A')\nstore('q', a)",
        "b=data('B')\nstore('r', b)",
    ], unsure=""),
    odd("helper plot fn", "B", [
        PLT + "\ndef show(x):\n    fig, ax=plt.subplots()\n    ax.plot(x)\n    plt.close(fig)",
        "a=data('A'); show(a)",
        "b=data('B'); show(b)",
        "save('r', b)",
    ], unsure=""),
    odd("function with os call", "", [
        "import os\ndef prep(n):\n    os.makedirs('/tmp/rc/xx/'+str(n), exist_ok=True)",
        "a=data('A')\nprep(len(a))",
        "p=os.path.join('a','b')\nsave('r', p)",
    ]),
    odd("class pipeline", "A K", [
        ("class Pipe:\n    def __init__(self, *steps):\n        self.steps=steps\n    def run(self, x):\n"
         "        for s in self.steps:\n            x=s(x)\n        return x"),
        "k=data('K')\np=Pipe(lambda v: [a*b for a, b in zip(v, k)], sorted)",
        "save('r', p.run(data('A')))",
    ], unsure=""),
    odd("failed in loop", "A B", [
        "out=[]",
        "for p in 'AB':\n    out.append(data(p))\n    if p=='B':\n        1/0",
        "save('r', out)",
    ], unsure=""),
    odd("pandas concat list", "A B", [
        "import pandas as pd\nfr=[]\nfor p in 'AB':\n    fr.append(pd.DataFrame({'x': data(p)}))",
        "d=pd.concat(fr)",
        "save('r', d)",
    ], unsure=""),
    odd("df.apply taken", "A", [
        "import pandas as pd\nseen=[]\nd=pd.DataFrame({'x': data('A')})",
        "q=d.x.apply(lambda v: seen.append(v))",
        "save('r', seen)",
    ], unsure=""),
    odd("widget-like interactive closure", "A", [
        "state={}\ndef make():\n    def upd(v):\n        state['v']=v\n    return upd\nupd=make()",
        "upd(data('A'))",
        "save('r', state)",
    ], unsure=""),
]  # fmt: skip
